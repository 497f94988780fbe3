#pragma once

#include "base/json.hpp"
#include "http/message.hpp"
#include "record/rest/rest.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What the operations share: their parameters, from the query and from a `Parameters` body alike, and their answers. Handler
/// threads.
namespace qiao::record {

class Input {
public:
    /// Error(invalid, "record.bad_parameters") for a body that is no resource, Error(invalid, "record.unknown_parameter") for a name
    /// that is neither in `known` nor one of the API's own (`_format`, `_pretty`).
    Input(const http::Request& request, std::span<const std::string_view> known);

    /// The first value as text (its `value[x]` when it came in a body); empty = not given.
    [[nodiscard]] std::string_view text(std::string_view name) const;
    /// All values, lists divided at commas.
    [[nodiscard]] std::vector<std::string> list(std::string_view name) const;
    /// A number from 1 to `most` (more is `most`); `usual` when not given. Error(invalid) names the parameter.
    [[nodiscard]] int count(std::string_view name, int usual, int most) const;
    /// The JSON text of a parameter's `resource` or complex `value…`, with the client's digits.
    [[nodiscard]] std::optional<std::string_view> raw(std::string_view name, std::string_view member) const;
    /// As sent, for links: those given with a value, in order.
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& values() const { return values_; }

private:
    std::vector<std::pair<std::string, std::string>> values_;
    std::vector<std::pair<std::string, std::string_view>> parts_;  ///< name and text of each parameter of the body
};

/// A searchset; `next` may be empty.
std::string searchset(std::string_view base, std::string_view self, std::string_view next, const std::vector<Match>& matches);
/// Tells the audit what was shown, type after type.
void tell_shown(Record& record, const Caller& caller, const std::vector<Match>& matches);
[[noreturn]] void throw_bad_parameter(std::string_view name, std::string_view why);

}  // namespace qiao::record
