#pragma once

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The one exception of this program and the eight reasons it gives. Any thread may throw it; only the
/// boundaries listed in docs/architecture.md catch it.
namespace qiao {

/// Why a request cannot be completed, in terms its sender can act on. http/outcome.cpp maps each kind to an
/// HTTP status and a FHIR issue type.
enum class ErrorKind {
    invalid,          ///< the request itself is wrong; sending it again will not help
    unauthenticated,  ///< we do not know who is asking
    forbidden,        ///< we know, and the answer is no
    not_found,        ///< no such thing, or not visible to this user (deliberately the same)
    conflict,         ///< the thing changed meanwhile, or this step is not allowed from its state
    too_large,        ///< over a limit named in the message
    unavailable,      ///< try again later: overload, storage or a peer is down
    internal,         ///< our bug; the details go to the log only
};

/// One defect of an input with several: becomes one OperationOutcome.issue.
struct Issue {
    std::string code;         ///< FHIR issue type: structure, required, value, code-invalid, invariant, …
    std::string expression;   ///< FHIRPath of the place, e.g. "Patient.name[0].given"; may be empty
    std::string diagnostics;  ///< for the developer of the client; no data of other people, no SQL, no file name
};

/// Ends the current request or job. Nothing below the boundary catches it.
class Error : public std::runtime_error {
public:
    /// @param code  a literal, stable and machine-readable: "area.words_with_underscores"; the UI translates it and it
    ///              may refine the HTTP status of its kind (table in http/outcome.cpp)
    Error(ErrorKind kind, std::string_view code, const std::string& message, std::vector<Issue> issues = {},
          std::source_location where = std::source_location::current())
        : std::runtime_error(message), kind_(kind), code_(code), issues_(std::move(issues)), where_(where) {}

    [[nodiscard]] ErrorKind kind() const { return kind_; }
    [[nodiscard]] std::string_view code() const { return code_; }
    [[nodiscard]] const std::vector<Issue>& issues() const { return issues_; }
    [[nodiscard]] const std::source_location& where() const { return where_; }

private:
    ErrorKind kind_;
    std::string_view code_;
    std::vector<Issue> issues_;
    std::source_location where_;
};

}  // namespace qiao
