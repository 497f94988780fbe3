#pragma once

#include "access/audit.hpp"
#include "access/entrance.hpp"
#include "access/migrations.hpp"
#include "access/session.hpp"
#include "flow/engine.hpp"
#include "flow/uploads.hpp"
#include "services/consult/consult.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// A centre in one process without a socket: a hub, a clinic with a contract, a stranger without, and their people.
namespace qiao::consult::testing {

struct Answer {
    int status = 0;
    json::Value body;
    std::string raw;
    std::vector<http::Header> headers;

    [[nodiscard]] std::string header(std::string_view name) const;
    [[nodiscard]] std::string code() const { return body["issue"].at(0)["details"]["coding"].at(0)["code"].text(); }
    /// The fields that a 422 names.
    [[nodiscard]] std::vector<std::string> fields() const;
};

/// Remembers what open pages would have been told.
class Pages : public flow::Events {
public:
    void case_changed(std::string_view case_id, std::int64_t version, const flow::Audience& who) override;
    void lists_changed(const flow::Audience& who) override;
    void notice(const flow::Notice& notice) override;
    [[nodiscard]] bool has_page(std::int64_t person) const override { return open_for.contains(person); }
    [[nodiscard]] bool was_told(std::int64_t person, std::string_view code) const;
    [[nodiscard]] bool desk_was_told(std::string_view role, std::string_view code) const;

    std::vector<flow::Notice> notices;
    int changes = 0;
    std::set<std::int64_t> open_for;  ///< people with an open page
};

/// An archive of invented studies.
class Archive : public flow::StudyPort {
public:
    std::vector<flow::Study> of_patient(std::string_view patient) override;
    std::optional<flow::Study> find(std::string_view study_uid) override;
    std::vector<flow::Study> unmatched(std::int64_t organisation) override;
    std::string attach(record::Work& work, std::string_view study_uid, std::string_view patient) override;
    void detach(record::Work& work, std::string_view study_uid) override;

    std::map<std::string, flow::Study> studies;
    std::map<std::string, std::string> patients;  ///< study → patient
};

class Centre : public ::testing::Test {
protected:
    Centre();
    ~Centre() override;

    Answer call(const std::string& who, http::Method method, const std::string& path, const json::Value& body = {}, std::vector<http::Header> headers = {});
    Answer get(const std::string& who, const std::string& path) { return call(who, http::Method::get, path); }
    Answer send_bytes(const std::string& who, http::Method method, const std::string& path, std::string body, std::vector<http::Header> headers);
    json::Value view(const std::string& who, const std::string& id) { return get(who, "/flow/cases/" + id).body; }

    std::string new_patient(const std::string& name, const std::string& birth_date, const std::string& sex, std::int64_t organisation);
    std::string create(const std::string& who, const std::string& patient, const std::string& create_id = {});
    /// @param version  0 = as it is now
    Answer move(const std::string& who, const std::string& id, const std::string& action, const json::Value& fields = json::Value::object(),
                const std::string& reason = {}, std::int64_t version = 0, const std::string& move_id = {}, const std::string& occurred = {});
    std::vector<std::string> open_moves(const std::string& who, const std::string& id);
    void step_up(const std::string& who);
    json::Value attachment(const std::string& who, const std::string& id, const std::string& kind, const std::string& bytes);

    [[nodiscard]] json::Value form() const;     ///< a complete request
    [[nodiscard]] json::Value opinion() const;  ///< a complete opinion
    [[nodiscard]] std::int64_t version(const std::string& id);
    [[nodiscard]] std::string state(const std::string& id);

    // The stages of the ordinary way, for tests of what comes later.
    std::string submitted();
    std::string writing();
    std::string signed_case(const std::string& act_by = "today");

    std::string folder_;
    ShiftedClock clock_;
    Metrics metrics_;
    std::unique_ptr<storage::Database> database_;
    std::unique_ptr<storage::Writer> writer_;
    std::unique_ptr<record::Record> record_;
    std::unique_ptr<access::Directory> directory_;
    std::unique_ptr<access::Audit> audit_;
    std::unique_ptr<access::Sessions> sessions_;
    std::unique_ptr<access::Entrance> entrance_;
    std::unique_ptr<access::Grants> grants_;
    std::unique_ptr<access::SigningKeys> signing_keys_;
    std::unique_ptr<access::Signing> signing_;
    std::unique_ptr<record::Rest> rest_;
    std::unique_ptr<storage::BlobStore> blobs_;
    Archive archive_;
    Pages pages_;
    std::unique_ptr<flow::Engine> engine_;
    std::unique_ptr<Consult> consult_;
    std::unique_ptr<flow::Uploads> uploads_;
    http::Router router_;
    access::Organisation hub_, clinic_, stranger_;
    std::map<std::string, access::Person> people_;
    std::map<std::string, std::string> tokens_;
    std::string patient_;

    void add_person(const std::string& login, const std::string& name, const access::Organisation& organisation, std::string_view role,
                    const std::string& specialty = {});
};

/// Input of a move or `$create` as FHIR Parameters, by the rule of docs/case-api.md.
json::Value parameters(std::vector<std::pair<std::string, json::Value>> named, const json::Value& input);

/// A small real picture.
std::string png_bytes();

}  // namespace qiao::consult::testing
