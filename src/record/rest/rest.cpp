#include "record/rest/rest.hpp"

#include "base/error.hpp"
#include "record/bulk/bulk_limits.hpp"
#include "record/definitions/definitions.hpp"
#include "record/operations/input.hpp"
#include "record/operations/operations.hpp"
#include "record/rest/answer.hpp"
#include "record/rest/handlers.hpp"
#include "record/store/core.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>

namespace qiao::record {
namespace {

using Interaction = http::Response (*)(const Api&, const http::Request&, const Caller&);

class RecordRest : public Rest {
public:
    RecordRest(Record& record, CallerOf caller_of, const Clock& clock, std::string version)
        : api_{record, clock}, caller_of_(std::move(caller_of)), version_(std::move(version)), started_(clock.now()) {}

    void add_operation(http::Method method, std::string_view type, std::string_view name, bool instance_level, Operation operation) override {
        const std::string bare(name.starts_with('$') ? name.substr(1) : name);
        operations_.emplace(std::tuple(method, std::string(type), "$" + bare, instance_level), std::move(operation));
        if (!is_listed(names_, type, bare)) names_.push_back({std::string(type), bare});
    }

    void add_routes(http::Router& router) override {
        terminology_ = terminology_capabilities(version_, started_);
        const http::Handler metadata = [this](const http::Request& request) {
            check_acceptable(request);
            return document(request, wants_terminology(request) ? terminology_ : capabilities());
        };
        const http::RouteOptions open{http::Scope::open, limits::kSmallBody_bytes, false};
        router.add(http::Method::get, "/fhir/metadata", open, metadata);
        for (const std::string_view path : {"/fhir", "/fhir/{type}", "/fhir/{type}/{id}"}) router.add(http::Method::options, path, open, metadata);
        add_interactions(router, caller_of_);
        for (const auto& [key, operation] : operations_) {
            if (std::get<1>(key) != kWholeRecord) continue;
            const http::RouteOptions spilled{.body_limit_bytes = bulk::kImportBody_bytes, .spill = true};
            router.add(std::get<0>(key), "/fhir/" + std::get<2>(key), std::get<0>(key) == http::Method::post ? spilled : http::RouteOptions{},
                       [this, &act = operation](const http::Request& request) { return act(request, caller_of_(request), {}); });
        }
        router.add(http::Method::post, "/fhir", {.body_limit_bytes = limits::kBundleBody_bytes, .gzip = true},
                   [this](const http::Request& request) { return bundle(request); });
    }

private:
    /// `mode` of the capabilities interaction.
    static bool wants_terminology(const http::Request& request) {
        for (const auto& [name, value] : request.query_values()) {
            if (name != "mode") continue;
            if (value == "terminology") return true;
            if (value != "full" && value != "normative") throw_bad_parameter("mode", "is full, normative or terminology");
        }
        return false;
    }

    /// Made anew when what can be searched by changed.
    std::string capabilities() {
        const Core& core = api_.record.core();
        const Searchable now{core.local_parameters.open(), core.index_jobs.open()};
        const std::lock_guard lock(metadata_mutex_);
        if (metadata_.empty() || !(now == searchable_)) metadata_ = capability_statement(names_, version_, started_, now);
        searchable_ = now;
        return metadata_;
    }

    /// Entries of a bundle run as requests of their own, through a router that knows only this caller.
    http::Response bundle(const http::Request& request) {
        const Caller caller = caller_of_(request);
        std::optional<http::Router> parts;
        return run_bundle(api_, request, caller, [&](http::Request& part) {
            if (!parts) add_interactions(parts.emplace(), [&caller](const http::Request&) { return caller; });
            return parts->handle(part);
        });
    }

    http::Handler handler(Interaction interaction, const CallerOf& caller_of) {
        return [this, interaction, caller_of](const http::Request& request) { return interaction(api_, request, caller_of(request)); };
    }

    void add_interactions(http::Router& router, const CallerOf& caller_of) {
        const http::RouteOptions plain{.body_limit_bytes = limits::kSmallBody_bytes, .gzip = true};
        const http::RouteOptions resource{.body_limit_bytes = limits::kResourceBody_bytes, .gzip = true};
        using http::Method;
        router.add(Method::get, "/fhir", plain, handler(search_resources, caller_of));
        router.add(Method::post, "/fhir/_search", plain, handler(search_resources, caller_of));
        router.add(Method::get, "/fhir/{type}", plain, handler(search_resources, caller_of));
        router.add(Method::post, "/fhir/{type}", resource, handler(create_resource, caller_of));
        router.add(Method::put, "/fhir/{type}", resource, handler(update_matching, caller_of));
        router.add(Method::patch, "/fhir/{type}", resource, handler(patch_matching, caller_of));
        router.add(Method::patch, "/fhir/{type}/{id}", resource, handler(patch_resource, caller_of));
        router.add(Method::del, "/fhir/{type}", plain, handler(delete_matching, caller_of));
        router.add(Method::post, "/fhir/{type}/_search", plain, handler(search_resources, caller_of));
        router.add(Method::get, "/fhir/{type}/{id}", plain, [this, caller_of](const http::Request& request) {
            if (request.param("id").starts_with('$')) return operate(request, caller_of, request.param("id"), {});
            return read_resource(api_, request, caller_of(request));
        });
        router.add(Method::post, "/fhir/{type}/{id}", resource,
                   [this, caller_of](const http::Request& request) { return operate(request, caller_of, request.param("id"), {}); });
        router.add(Method::put, "/fhir/{type}/{id}", resource, handler(update_resource, caller_of));
        router.add(Method::del, "/fhir/{type}/{id}", plain, handler(delete_resource, caller_of));
        for (const std::string_view path : {"/fhir/_history", "/fhir/{type}/_history"}) router.add(Method::get, path, plain, handler(read_history, caller_of));
        router.add(Method::get, "/fhir/{type}/{id}/_history", plain, handler(read_history, caller_of));
        router.add(Method::get, "/fhir/{type}/{id}/_history/{version}", plain, handler(qiao::record::read_version, caller_of));
        for (const Method method : {Method::get, Method::post}) {
            router.add(method, "/fhir/{type}/{id}/{operation}", resource, [this, caller_of](const http::Request& request) {
                const bool searches = request.method == Method::get && !request.param("operation").starts_with('$');
                if (searches) return search_compartment(api_, request, caller_of(request));
                return operate(request, caller_of, request.param("operation"), request.param("id"));
            });
        }
    }

    http::Response operate(const http::Request& request, const CallerOf& caller_of, std::string_view name, std::string_view id) {
        const auto find = [&](std::string_view type) {
            return operations_.find(std::tuple(request.method, std::string(type), std::string(name), !id.empty()));
        };
        auto found = find(request.param("type"));
        if (found == operations_.end() && find_type(request.param("type")) != TypeId::none) found = find(kEveryType);
        if (found == operations_.end()) throw Error(ErrorKind::not_found, "record.unknown_operation", "no such operation");
        return found->second(request, caller_of(request), id);
    }

    Api api_;
    CallerOf caller_of_;
    std::string version_;
    Instant started_;
    std::map<std::tuple<http::Method, std::string, std::string, bool>, Operation> operations_;
    std::vector<OperationName> names_;
    std::mutex metadata_mutex_;
    std::string metadata_;
    Searchable searchable_;
    std::string terminology_;
};

}  // namespace

std::unique_ptr<Rest> make_rest(Record& record, CallerOf caller_of, const Clock& clock, std::string version) {
    auto rest = std::make_unique<RecordRest>(record, std::move(caller_of), clock, std::move(version));
    add_standard_operations(*rest, record, clock);
    return rest;
}

}  // namespace qiao::record
