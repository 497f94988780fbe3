#pragma once

#include "http/router.hpp"
#include "record/record.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

/// FHIR R4 over HTTP at `/fhir`: read, vread, create, update, delete, history, search, transaction, metadata, and the
/// operations that upper rows register. Handlers run on the worker pool.
namespace qiao::record {

/// Who calls: made by `access` from a request (session cookie or bearer token).
struct Caller {
    ReadFilter filter;
    Actor actor;
    bool may_write_plain = false;  ///< the integration role and roles that keep the master data
};
/// Throws Error(unauthenticated) when the request carries nothing valid.
using CallerOf = std::function<Caller(const http::Request&)>;

/// An operation such as `$move`: `POST /fhir/Task/{id}/$move`. `id` is empty at type level.
using Operation = std::function<http::Response(const http::Request&, const Caller&, std::string_view id)>;

/// As a type of add_operation(): every type that has no operation of this name of its own.
inline constexpr std::string_view kEveryType = "";

class Rest {
public:
    virtual ~Rest() = default;
    virtual void add_operation(http::Method method, std::string_view type, std::string_view name, bool instance_level, Operation operation) = 0;
    virtual void add_routes(http::Router& router) = 0;  ///< after all operations
};

/// @param version  of the program, for the CapabilityStatement
std::unique_ptr<Rest> make_rest(Record& record, CallerOf caller_of, const Clock& clock, std::string version);

}  // namespace qiao::record
