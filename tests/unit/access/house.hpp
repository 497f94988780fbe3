#pragma once

#include "../storage/test_database.hpp"
#include "access/audit.hpp"
#include "access/audit_routes.hpp"
#include "access/certificate_routes.hpp"
#include "access/entrance.hpp"
#include "access/grant.hpp"
#include "access/master_key.hpp"
#include "access/migrations.hpp"
#include "access/odd_looks.hpp"
#include "access/organisation.hpp"
#include "access/patients.hpp"
#include "access/role.hpp"
#include "access/routes.hpp"
#include "access/sensitive_routes.hpp"
#include "access/session.hpp"
#include "access/signing.hpp"
#include "base/error.hpp"
#include "base/metrics.hpp"
#include "base/time.hpp"
#include "record/record.hpp"
#include "storage/writer.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

/// A small network on a fresh data folder, for tests: a hub hospital, two clinics that are strangers to each other, and
/// people with one password.
namespace qiao::access::testing {

inline constexpr std::string_view kPassword = "maple-river-77-lantern";

class Folder {
public:
    Folder() {
        char path[] = "/tmp/qiao_access_XXXXXX";
        path_ = ::mkdtemp(path);
    }
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

/// The operations of the record's REST by themselves: `POST /fhir/<type>/<name>` and `POST /fhir/<type>/{id}/<name>`.
class OperationsOnly : public record::Rest {
public:
    explicit OperationsOnly(record::CallerOf caller_of) : caller_of_(std::move(caller_of)) {}
    void add_operation(http::Method method, std::string_view type, std::string_view name, bool of_one, record::Operation operation) override {
        operations_.push_back({method, "/fhir/" + std::string(type) + (of_one ? "/{id}/" : "/") + std::string(name), of_one, std::move(operation)});
    }
    void add_routes(http::Router& router) override {
        for (const auto& one : operations_) {
            router.add(one.method, one.pattern, {},
                       [this, one](const http::Request& request) { return one.run(request, caller_of_(request), one.of_one ? request.param("id") : ""); });
        }
    }

private:
    struct One {
        http::Method method;
        std::string pattern;
        bool of_one = false;
        record::Operation run;
    };
    record::CallerOf caller_of_;
    std::vector<One> operations_;
};

inline SessionOptions quick(bool demo) { return {.demo = demo, .password = {.memory_bytes = 64 * 1024, .passes = 1, .at_once = 2}}; }

struct House {
    explicit House(bool is_demo = false, AdminSeparation admins = AdminSeparation::small_site) : demo(is_demo), separation(admins) { open(); }

    Folder folder;
    ShiftedClock clock;
    bool demo;
    AdminSeparation separation;
    SignInPolicy policy;  ///< set it and reopen()
    std::unique_ptr<Metrics> metrics;
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<storage::Writer> writer;
    std::unique_ptr<record::Record> record;
    std::unique_ptr<Directory> directory;
    std::unique_ptr<Audit> audit;
    std::unique_ptr<AuditCheck> check;
    std::unique_ptr<Sessions> sessions;
    std::unique_ptr<Entrance> entrance;
    std::unique_ptr<Grants> grants;
    KeyAlgorithm algorithm = KeyAlgorithm::p256;  ///< set it and reopen()
    std::unique_ptr<SigningKeys> signing_keys;
    std::unique_ptr<Looks> looks;
    std::unique_ptr<OddLooks> odd_looks;
    std::unique_ptr<Sensitive> sensitive;
    std::unique_ptr<Signing> signing;
    std::unique_ptr<Patients> patients;
    std::unique_ptr<OperationsOnly> rest;
    std::unique_ptr<http::Router> router;

    void open() {
        metrics = std::make_unique<Metrics>();
        database = qiao::testing::open_database(folder.path() + "/record.db");
        database->migrate(record::record_migrations());
        database->migrate(access_migrations());
        writer = std::make_unique<storage::Writer>(*database, clock, *metrics);
        record = record::open_record(*database, *writer, clock, *metrics);
        directory = std::make_unique<Directory>(*database, *record, clock, separation);
        audit = std::make_unique<Audit>(*database, *writer, clock, folder.path());
        audit->attach(record->ports());
        check = std::make_unique<AuditCheck>(*database, *writer, *audit, clock, *metrics, folder.path());
        sessions = std::make_unique<Sessions>(*database, *writer, *directory, *audit, clock, quick(demo));
        entrance = std::make_unique<Entrance>(*database, *writer, *audit, *directory, *sessions, clock, open_master_key(*database, folder.path()), policy);
        grants = std::make_unique<Grants>(*database, *record, clock);
        sensitive = std::make_unique<Sensitive>(*database, *writer, *record, *grants, *directory, *audit, entrance->notices, clock);
        odd_looks = std::make_unique<OddLooks>(*database, *writer, *record, *audit, *directory, clock);
        looks = std::make_unique<Looks>(*database, *record, *audit, *directory);
        signing_keys = std::make_unique<SigningKeys>(*database, *writer, *audit, *directory, clock, folder.path(), algorithm);
        signing =
            std::make_unique<Signing>(*database, *directory, clock, *signing_keys, [this](const record::Actor& actor) { return sessions->stepped_up(actor); });
        patients = std::make_unique<Patients>(*record, *grants, *directory, clock);
        router = std::make_unique<http::Router>();
        router->set_guard(make_guard(*sessions));
        rest = std::make_unique<OperationsOnly>([this](const http::Request& request) { return sessions->caller(request); });
        patients->add_operation(*rest);
        rest->add_routes(*router);
        add_routes(*router, *sessions, *directory, *entrance, clock);
        add_certificate_routes(*router, *sessions, *signing_keys, clock);
        const AuditDesk desk{*database, *record, *audit, *sessions, *looks, *check, folder.path()};
        add_looks_routes(*router, desk);
        add_audit_routes(*router, desk);
        add_odd_looks_routes(*router, desk, *odd_looks);
        add_sensitive_routes(*router, *sessions, *sensitive);
        router->add(http::Method::get, "/metrics", {.scope = http::Scope::operations}, [](const http::Request&) { return http::Response{.body = "metrics"}; });
        router->add(http::Method::get, "/test/who", {},
                    [this](const http::Request& request) { return http::Response{.body = std::to_string(sessions->caller(request).actor.person)}; });
        router->add(http::Method::post, "/test/act", {}, [](const http::Request&) { return http::Response{.status = 204}; });
    }
    void close() {
        router.reset(), rest.reset(), patients.reset(), signing.reset(), signing_keys.reset(), sensitive.reset(), looks.reset(), odd_looks.reset(),
            grants.reset(), entrance.reset(), sessions.reset(), check.reset(), audit.reset(), directory.reset();
        record.reset(), writer.reset(), database.reset(), metrics.reset();
    }
    /// As after a restart of the process.
    void reopen() {
        close();
        open();
    }

    static record::Actor system() { return record::Actor::system("HOPERAT"); }
    Organisation place(const std::string& kind, const std::string& name, std::int64_t parent = 0) {
        return directory->create_organisation(system(), {.kind = kind, .name = name, .name_en = "English " + name, .parent = parent});
    }
    Person person(const std::string& login, std::int64_t organisation, std::string_view role) {
        const auto made = directory->create_person(system(), {.login = login, .name = "Name " + login, .password_hash = sessions->passwords().hash(kPassword)});
        directory->add_membership(system(), {.person = made.id, .organisation = organisation, .role = std::string(role), .specialty = "neurology"});
        return made;
    }
    http::Response send(http::Method method, const std::string& path, const std::string& body = "", std::vector<http::Header> headers = {},
                        const std::string& address = "10.1.2.3") {
        http::Request request{.method = method, .path = path.substr(0, path.find('?')), .target = path, .headers = std::move(headers)};
        if (const auto at = path.find('?'); at != std::string::npos) request.query = path.substr(at + 1);
        request.headers.emplace_back("host", "qiao.example");
        request.body = body;
        request.peer_address = address;
        return router->handle(request);
    }
    http::Response sign_in(const std::string& login, std::string_view password = kPassword, const std::string& address = "10.1.2.3",
                           std::vector<http::Header> headers = {}) {
        return send(http::Method::post, "/access/session", R"({"login":")" + login + R"(","password":")" + std::string(password) + "\"}", std::move(headers),
                    address);
    }
    /// "qiao=…" of a sign-in.
    std::string cookie_of(const std::string& login) { return cookie_in(sign_in(login)); }
    static std::string header(const http::Response& response, std::string_view name) {
        for (const auto& [key, value] : response.headers) {
            if (key == name) return value;
        }
        return {};
    }
    static std::string cookie_in(const http::Response& response) {
        const std::string text = header(response, "Set-Cookie");
        return text.substr(0, text.find(';'));
    }
    record::Caller caller(const std::string& cookie) {
        http::Request request;
        request.headers = {{"cookie", cookie}};
        request.peer_address = "10.1.2.3";
        return sessions->caller(request);
    }
    std::int64_t number(const std::string& sql) {
        auto snapshot = database->read();
        auto rows = snapshot->connection().query(sql);
        return rows.next() ? rows.integer(0) : -1;
    }
    void run(const std::function<void(storage::Group&)>& apply) { writer->submit({{}, apply}); }
};

template <class Call>
std::string code_of(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return std::string(error.code());
    }
    return "";
}

}  // namespace qiao::access::testing
