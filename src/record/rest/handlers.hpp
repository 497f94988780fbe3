#pragma once

#include "base/json.hpp"
#include "record/rest/rest.hpp"
#include "record/rest/writes.hpp"
#include "record/store/local_parameters.hpp"

#include <string>
#include <string_view>

/// The interactions of the FHIR API, one function each: from a request and a caller to an answer, errors thrown. Handler
/// threads.
namespace qiao::record {

struct Api {
    Record& record;
    const Clock& clock;
};

http::Response read_resource(const Api& api, const http::Request& request, const Caller& caller);
http::Response read_version(const Api& api, const http::Request& request, const Caller& caller);
/// `_history` of a resource, a type or everything: as far as the route names them.
http::Response read_history(const Api& api, const http::Request& request, const Caller& caller);
/// Of a type or, where the route names none, of several.
http::Response search_resources(const Api& api, const http::Request& request, const Caller& caller);
/// `Patient/{id}/Observation`, `Patient/{id}/*`
http::Response search_compartment(const Api& api, const http::Request& request, const Caller& caller);
http::Response create_resource(const Api& api, const http::Request& request, const Caller& caller);
http::Response update_resource(const Api& api, const http::Request& request, const Caller& caller);
http::Response update_matching(const Api& api, const http::Request& request, const Caller& caller);
http::Response patch_resource(const Api& api, const http::Request& request, const Caller& caller);
http::Response patch_matching(const Api& api, const http::Request& request, const Caller& caller);
http::Response delete_resource(const Api& api, const http::Request& request, const Caller& caller);
http::Response delete_matching(const Api& api, const http::Request& request, const Caller& caller);

/// The answer to a request of one write that was carried out before: what it led to.
http::Response repeated(const Api& api, const http::Request& request, const Caller& caller, const std::vector<Outcome>& outcomes);
/// Tells the audit what was shown, before the answer leaves.
void tell_shown(const Api& api, const Caller& caller, std::string_view what, std::string_view type, const std::vector<const Stored*>& shown);
/// Bundle.link.
void write_links(JsonWriter& json, const std::string& self, const std::string& next);

/// Runs one entry of a batch as a request of its own; never throws.
using Dispatch = std::function<http::Response(http::Request&)>;
http::Response run_bundle(const Api& api, const http::Request& request, const Caller& caller, const Dispatch& dispatch);

/// The CapabilityStatement. `operations` is "Type name" of each registered one; kEveryType stands in each type's list.
struct OperationName {
    std::string type;
    std::string name;
};
/// As the type of an operation of the whole record, `/fhir/$export`. What is posted to one may come in a file (Request::body_file).
inline constexpr std::string_view kWholeRecord = "*";
bool is_listed(const std::vector<OperationName>& operations, std::string_view type, std::string_view name);
/// The parameters of the centre and those whose index is not complete.
struct Searchable {
    std::shared_ptr<const LocalParameters> local;
    std::shared_ptr<const IndexJobs::List> jobs;
    bool operator==(const Searchable&) const = default;
};
std::string capability_statement(const std::vector<OperationName>& operations, std::string_view version, Instant started, const Searchable& searchable);
/// The TerminologyCapabilities: what is built in.
std::string terminology_capabilities(std::string_view version, Instant started);

}  // namespace qiao::record
