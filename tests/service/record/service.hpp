#pragma once

#include "../../unit/record/harness.hpp"

#include "base/text.hpp"
#include "http/router.hpp"
#include "record/rest/rest.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

/// The FHIR API without sockets, and small readers of its answers. For the tests of this folder; one thread makes it, any calls it.
namespace qiao::record::testing {
using http::Method;

/// The FHIR API without sockets. The caller is named by the header `x-test-caller`: all (default, of institution 9), client (of
/// none), one, two, reader, operator (sees what every signed-in caller does and defines search parameters), or one of `others`.
struct Service : Store {
    http::Router router;
    std::map<std::string, Caller, std::less<>> others;  ///< filled before anybody calls
    std::unique_ptr<Rest> rest = make_rest(
        *record,
        [this](const http::Request& request) {
            const auto other = others.find(request.header("x-test-caller"));
            return other != others.end() ? other->second : caller(request.header("x-test-caller"));
        },
        clock, "1.0-test");

    explicit Service(const Store* beside = nullptr, RecordOptions settings = {}) : Store(beside, std::move(settings)) {
        record->ports().may_write = [](const Actor& actor, std::string_view type) {
            if ((type == "SearchParameter") != (actor.role == "operator")) throw Error(ErrorKind::forbidden, "test.not_yours", "an operator defines, others write");
        };
        rest->add_operation(Method::post, "Task", "$move", true, [](const http::Request&, const Caller&, std::string_view id) {
            http::Response response;
            response.body = "moved " + std::string(id);
            return response;
        });
        rest->add_routes(router);
    }

    static Caller caller(std::string_view name) {
        Caller out;
        out.may_write_plain = name != "reader" && name != "operator";
        if (name == "one") {
            out.filter = standing({101}, {1});
            out.actor = actor_of(11, 1);
        } else if (name == "two") {
            out.filter = standing({102}, {2});
            out.actor = actor_of(12, 2);
        } else if (name == "operator") {
            out.filter = standing({}, {});
            out.actor = actor_of(0, 0);
            out.actor.role = "operator";
        } else if (name == "client") {
            out.filter = ReadFilter::system("test");
            out.actor = actor_of(0, 0);
        } else {
            out.filter = ReadFilter::system("test");
            out.actor = actor_of(1, 9);
        }
        return out;
    }

    http::Response send(Method method, std::string_view target, std::string body = {}, std::vector<http::Header> headers = {}) const {
        return send_to(router, method, target, std::move(body), std::move(headers));
    }
    static http::Response send_to(const http::Router& router, Method method, std::string_view target, std::string body, std::vector<http::Header> headers) {
        http::Request request;
        request.method = method;
        request.target = std::string(target);
        const std::size_t mark = target.find('?');
        request.path = *percent_decode(target.substr(0, mark));
        if (mark != std::string_view::npos) request.query = std::string(target.substr(mark + 1));
        request.headers = std::move(headers);
        request.headers.emplace_back("host", "fhir.example:8080");
        if (!body.empty() && request.header("content-type").empty()) request.headers.emplace_back("content-type", "application/fhir+json");
        request.body = std::move(body);
        return router.handle(request);
    }
    http::Response get(std::string_view target, std::string_view as = "all") const {
        return send(Method::get, target, {}, {{"x-test-caller", std::string(as)}});
    }
    json::Value get_json(std::string_view target, std::string_view as = "all") const { return *json::parse(get(target, as).body); }
    /// The ids that a search finds, in its order.
    std::string found(std::string_view target) const {
        std::string ids;
        const auto page = get_json(target);
        if (page["resourceType"].text() != "Bundle") return page.dump();
        for (const auto& entry : page["entry"].items()) ids += (ids.empty() ? "" : " ") + entry["resource"]["id"].text();
        return ids;
    }
};

inline std::string header(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return {};
}

inline std::string error_of(const http::Response& response) {
    const auto body = json::parse(response.body);
    if (!body) return "not JSON";
    return (*body)["issue"].at(0)["details"]["coding"].at(0)["code"].text();
}

inline constexpr const char* kPatient = R"({"resourceType":"Patient","id":"mine","identifier":[{"system":"urn:mrn","value":"A1"}],"name":[{"family":"Wang"}]})";
inline const std::string kObservation =
    R"({"resourceType":"Observation","id":"o1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"Patient/p1"}})";

inline std::string put_patient(Service& service, const std::string& id) {
    const auto response =
        service.send(Method::put, "/fhir/Patient/" + id,
                     R"({"resourceType":"Patient","id":")" + id + R"(","identifier":[{"system":"urn:mrn","value":"A1"}],"name":[{"family":"Wang"}]})");
    EXPECT_EQ(response.status, 201) << response.body;
    return id;
}

}  // namespace qiao::record::testing
