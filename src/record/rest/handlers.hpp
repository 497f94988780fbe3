#pragma once

#include "record/rest/rest.hpp"

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
http::Response read_history(const Api& api, const http::Request& request, const Caller& caller);
http::Response search_resources(const Api& api, const http::Request& request, const Caller& caller);
http::Response create_resource(const Api& api, const http::Request& request, const Caller& caller);
http::Response update_resource(const Api& api, const http::Request& request, const Caller& caller);
http::Response update_matching(const Api& api, const http::Request& request, const Caller& caller);
http::Response delete_resource(const Api& api, const http::Request& request, const Caller& caller);
http::Response delete_matching(const Api& api, const http::Request& request, const Caller& caller);

/// Runs one entry of a batch as a request of its own; never throws.
using Dispatch = std::function<http::Response(http::Request&)>;
http::Response run_bundle(const Api& api, const http::Request& request, const Caller& caller, const Dispatch& dispatch);

/// The CapabilityStatement. `operations` is "Type name" of each registered one; kEveryType stands in each type's list.
struct OperationName {
    std::string type;
    std::string name;
};
bool is_listed(const std::vector<OperationName>& operations, std::string_view type, std::string_view name);
std::string capability_statement(const std::vector<OperationName>& operations, std::string_view version, Instant started);

}  // namespace qiao::record
