#pragma once

#include "record/bulk/bulk_routes.hpp"
#include "record/feed/subscription.hpp"
#include "service.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

/// The FHIR API with bulk data. One thread makes it, any calls it.
namespace qiao::record::testing {

using Names = std::vector<std::string>;

inline const std::string kHost = "http://fhir.example:8080";

/// Jobs are worked on after bulk->start(). Callers as in Service.
struct BulkService : Service {
    std::unique_ptr<bulk::Bulk> bulk = make_bulk();
    std::unique_ptr<Rest> bulk_rest = make_rest(
        *record, [](const http::Request& request) { return caller(request.header("x-test-caller")); }, clock, "1.0-test");
    http::Router bulk_router;

    explicit BulkService(const Store* beside = nullptr) : Service(beside) { add_routes(); }

    void add_routes() {
        bulk::add_bulk_operations(*bulk_rest, *bulk);
        bulk_rest->add_routes(bulk_router);
        bulk::add_bulk_routes(bulk_router, *bulk, [](const http::Request& request) { return caller(request.header("x-test-caller")); });
    }
    /// As caller(), by the owner of a job.
    std::function<std::optional<Caller>(const std::string&)> owner_caller = [](const std::string& owner) -> std::optional<Caller> {
        for (const std::string_view name : {"all", "one", "two", "client"}) {
            if (owner_of(caller(name).actor) == owner) return caller(name);
        }
        return std::nullopt;
    };
    std::unique_ptr<bulk::Bulk> make_bulk() {
        return std::make_unique<bulk::Bulk>(bulk::Ground{*record, *database, *writer, clock, metrics,
                                                         [this](const std::string& owner) { return owner_caller(owner); }, bulk_folder()});
    }
    std::string bulk_folder() const { return folder.file() + ".bulk"; }

    http::Response send(Method method, std::string_view target, std::string body = {}, std::vector<http::Header> headers = {}) const {
        return send_to(bulk_router, method, target, std::move(body), std::move(headers));
    }
    http::Response get(std::string_view target, std::string_view as = "all") const {
        return send(Method::get, target, {}, {{"x-test-caller", std::string(as)}});
    }
    json::Value get_json(std::string_view target, std::string_view as = "all") const { return *json::parse(get(target, as).body); }
    void put(const std::string& type, const std::string& id, const std::string& json) const {
        const auto response = send(Method::put, "/fhir/" + type + "/" + id, json);
        ASSERT_LT(response.status, 300) << response.body;
    }
    void reach(const std::string& patient, std::int64_t grantee, std::chrono::hours until) {
        auto grant = begin();
        grant->also([&](storage::Group& group, const Work::RidOf& rid_of) {
            record->reach_patient(group, rid_of("Patient/" + patient), grantee, "care:" + std::to_string(grantee), clock.now() - std::chrono::hours(2),
                                  clock.now() + until);
        });
        grant->commit();
    }

    static std::string path_of(const http::Response& accepted) {
        EXPECT_EQ(accepted.status, 202) << accepted.body;
        const std::string url = header(accepted, "Content-Location");
        EXPECT_TRUE(url.starts_with(kHost + "/bulk/")) << url;
        return url.substr(std::min(url.size(), kHost.size()));
    }
    http::Response order(std::string_view target, std::string_view as = "all") const {
        return send(Method::get, target, {}, {{"x-test-caller", std::string(as)}, {"prefer", "respond-async"}});
    }
    /// Path of the job.
    std::string ordered(std::string_view target, std::string_view as = "all") const { return path_of(order(target, as)); }
    http::Response take_in(const std::string& text, std::string_view as = "all", std::string_view type = "application/fhir+ndjson") const {
        return send(Method::post, "/fhir/$import", text,
                    {{"x-test-caller", std::string(as)}, {"prefer", "respond-async"}, {"content-type", std::string(type)}});
    }
    json::Value manifest(const std::string& job, std::string_view as = "all") const {
        for (int i = 0; i < 1200; ++i) {
            const auto response = get(job, as);
            if (response.status != 202) {
                EXPECT_EQ(response.status, 200) << response.body;
                const auto value = json::parse(response.body);
                return value ? *value : json::Value();
            }
            EXPECT_FALSE(header(response, "X-Progress").empty());
            EXPECT_FALSE(header(response, "Retry-After").empty());
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        ADD_FAILURE() << "the job does not end";
        return {};
    }
    std::string file(const std::string& url, std::string_view as = "all") const {
        const auto response = get(url.substr(kHost.size()), as);
        EXPECT_EQ(response.status, 200) << response.body;
        std::string bytes;
        for (const auto& part : response.parts) {
            const auto& range = std::get<http::FileRange>(part);
            std::string piece(range.length, '\0');
            EXPECT_EQ(::pread(range.file->descriptor(), piece.data(), piece.size(), static_cast<off_t>(range.offset)), static_cast<ssize_t>(piece.size()));
            bytes += piece;
        }
        return bytes;
    }
    std::vector<json::Value> lines(const json::Value& manifest, std::string_view member, std::string_view as = "all") const {
        std::vector<json::Value> out;
        for (const json::Value& one : manifest[member].items()) {
            std::istringstream text(file(one["url"].text(), as));
            std::int64_t count = 0;
            for (std::string line; std::getline(text, line); ++count) out.push_back(*json::parse(line));
            EXPECT_EQ(count, one["count"].integer());
        }
        return out;
    }
    static Names names(const std::vector<json::Value>& resources) {
        Names out;
        for (const json::Value& one : resources) out.push_back(one["resourceType"].text() + "/" + one["id"].text());
        std::sort(out.begin(), out.end());
        return out;
    }
};

}  // namespace qiao::record::testing
