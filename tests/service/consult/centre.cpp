#include "centre.hpp"

#include "../../unit/storage/test_database.hpp"
#include "access/master_key.hpp"
#include "access/role.hpp"
#include "access/routes.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "flow/flow_store.hpp"
#include "flow/routes.hpp"
#include "jobs/jobs.hpp"
#include "services/consult/figures_store.hpp"
#include "services/consult/routes.hpp"
#include "storage/file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace qiao::consult::testing {

namespace {

using json::Value;

void append_part(Value& parts, std::string_view name, const Value& value) {
    if (value.is_array()) {
        for (const Value& item : value.items()) {
            append_part(parts, name, item);
        }
        return;
    }
    Value part = Value::object({{"name", name}});
    switch (value.kind()) {
        case Value::Kind::boolean: part.set("valueBoolean", value); break;
        case Value::Kind::number: part.set("valueDecimal", value); break;
        case Value::Kind::object: {
            Value inner = Value::array();
            for (const auto& [key, member] : value.members()) {
                append_part(inner, key, member);
            }
            part.set("part", std::move(inner));
            break;
        }
        default: part.set("valueString", value.text());
    }
    parts.push(std::move(part));
}

std::string text_of(const http::Response& response) {
    std::string text = response.body;
    for (const http::BodyPart& part : response.parts) {
        if (const auto* own = std::get_if<std::string>(&part)) {
            text += *own;
        } else if (const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&part)) {
            text += **shared;
        }
    }
    return text;
}

}  // namespace

Value parameters(std::vector<std::pair<std::string, Value>> named, const Value& input) {
    Value list = Value::array();
    for (const auto& [name, value] : named) {
        if (!value.text().empty()) {
            list.push(Value::object({{"name", name}, {name == "occurred" ? "valueInstant" : "valueString", value}}));
        }
    }
    append_part(list, "input", input);
    return Value::object({{"resourceType", "Parameters"}, {"parameter", std::move(list)}});
}

std::string png_bytes() { return *from_base64("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="); }

std::string Answer::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (lower(key) == lower(name)) {
            return value;
        }
    }
    return "";
}

std::vector<std::string> Answer::fields() const {
    std::vector<std::string> list;
    for (const Value& issue : body["issue"].items()) {
        list.push_back(issue["expression"].at(0).text());
    }
    return list;
}

void Pages::case_changed(std::string_view, std::int64_t, const flow::Audience&) { ++changes; }
void Pages::lists_changed(const flow::Audience&) {}
void Pages::notice(const flow::Notice& notice) { notices.push_back(notice); }

bool Pages::was_told(std::int64_t person, std::string_view code) const {
    return std::any_of(notices.begin(), notices.end(), [&](const flow::Notice& one) {
        return one.code == code && std::find(one.to.people.begin(), one.to.people.end(), person) != one.to.people.end();
    });
}

bool Pages::desk_was_told(std::string_view role, std::string_view code) const {
    return std::any_of(notices.begin(), notices.end(), [&](const flow::Notice& one) {
        return one.code == code && std::any_of(one.to.desks.begin(), one.to.desks.end(), [&](const flow::Desk& desk) { return desk.role == role; });
    });
}

std::vector<flow::Study> Archive::of_patient(std::string_view patient) {
    std::vector<flow::Study> list;
    for (const auto& [uid, owner] : patients) {
        if (owner == patient) {
            list.push_back(studies.at(uid));
        }
    }
    return list;
}

std::optional<flow::Study> Archive::find(std::string_view study_uid) {
    const auto found = studies.find(std::string(study_uid));
    return found == studies.end() ? std::nullopt : std::optional(found->second);
}

std::vector<flow::Study> Archive::unmatched(std::int64_t organisation) {
    std::vector<flow::Study> list;
    for (const auto& [uid, study] : studies) {
        if (!patients.contains(uid) && study.organisation == organisation) {
            list.push_back(study);
        }
    }
    return list;
}

std::string Archive::attach(record::Work& work, std::string_view study_uid, std::string_view patient) {
    flow::Study& study = studies.at(std::string(study_uid));
    study.resource =
        work.create(Value::object({{"resourceType", "ImagingStudy"}, {"status", "available"}, {"subject", Value::object({{"reference", patient}})}}));
    patients[study.study_uid] = patient;
    return study.resource;
}

void Archive::detach(record::Work&, std::string_view study_uid) {
    patients.erase(std::string(study_uid));
    studies.at(std::string(study_uid)).resource.clear();
}

Centre::Centre() : folder_(::testing::TempDir() + "/consult_" + std::to_string(::getpid()) + "_" + new_random_uuid().substr(0, 8)) {
    storage::make_folder(folder_);
    database_ = qiao::testing::open_database(folder_ + "/record.db");
    database_->migrate(record::record_migrations());
    database_->migrate(access::access_migrations());
    database_->migrate(jobs::migrations());
    database_->migrate(flow::store::migrations());
    database_->migrate(store::migrations());
    writer_ = std::make_unique<storage::Writer>(*database_, clock_, metrics_);
    record_ = record::open_record(*database_, *writer_, clock_, metrics_);
    directory_ = std::make_unique<access::Directory>(*database_, *record_, clock_, access::AdminSeparation::off);
    audit_ = std::make_unique<access::Audit>(*database_, *writer_, clock_, folder_);
    audit_->attach(record_->ports());
    sessions_ = std::make_unique<access::Sessions>(*database_, *writer_, *directory_, *audit_, clock_, access::SessionOptions{.demo = true});
    entrance_ =
        std::make_unique<access::Entrance>(*database_, *writer_, *audit_, *directory_, *sessions_, clock_, access::open_master_key(*database_, folder_));
    grants_ = std::make_unique<access::Grants>(*database_, *record_, clock_);
    signing_keys_ = std::make_unique<access::SigningKeys>(*database_, *writer_, *audit_, *directory_, clock_, folder_);
    signing_ = std::make_unique<access::Signing>(*database_, *directory_, clock_, *signing_keys_,
                                                 [this](const record::Actor& actor) { return sessions_->stepped_up(actor); });
    blobs_ = std::make_unique<storage::BlobStore>(folder_ + "/blobs");
    const record::CallerOf caller_of = [this](const http::Request& request) { return sessions_->caller(request); };
    rest_ = record::make_rest(*record_, caller_of, clock_, "test");
    engine_ = std::make_unique<flow::Engine>(flow::Ground{*database_, *writer_, *record_, *directory_, *grants_, *signing_, *blobs_, archive_, pages_, clock_,
                                                          flow::Pack::load("packs/generic", clock_.now())});
    consult_ = std::make_unique<Consult>(*engine_);
    uploads_ = std::make_unique<flow::Uploads>(*engine_, folder_ + "/uploads");
    engine_->add_operations(*rest_);
    router_.set_guard(access::make_guard(*sessions_));
    rest_->add_routes(router_);
    access::add_routes(router_, *sessions_, *directory_, *entrance_, clock_);
    flow::add_routes(router_, *engine_, *uploads_, caller_of);
    consult::add_routes(router_, *engine_, caller_of, {.zone = "Asia/Shanghai", .public_url = [] { return std::string("https://tele.example.org"); }});
    record_->ports().keeps_closed = [](storage::Connection& connection, const std::string& resource, std::span<const std::string> refers) {
        access::Signing::require_open(connection, resource);
        flow::Engine::require_no_case(connection, resource);
        access::Signing::require_open_targets(connection, resource, refers);
    };
    const record::Actor system = record::Actor::system("HOPERAT");
    hub_ = directory_->create_organisation(system, {"hub", "中心医院", "Hub hospital"});
    clinic_ = directory_->create_organisation(system, {"clinic", "渔岛卫生室", "Fish island clinic"});
    stranger_ = directory_->create_organisation(system, {"county", "外县医院", "Other county hospital"});
    directory_->add_contract(system, clinic_.id, hub_.id, "consult");
    add_person("doctor", "林海", clinic_, access::role::kDoctor);
    add_person("colleague", "陈波", clinic_, access::role::kDoctor);
    add_person("coordinator", "周敏", hub_, access::role::kCoordinator);
    add_person("expert", "赵明", hub_, access::role::kExpert, "neurosurgery");
    add_person("expert2", "钱勇", hub_, access::role::kExpert, "neurology");
    add_person("manager", "孙丽", hub_, access::role::kCentreManager);
    add_person("lead", "李强", hub_, access::role::kDutyLead);
    add_person("stranger", "吴刚", stranger_, access::role::kDoctor);
    patient_ = new_patient("王小明", "1986-03-01", "female", clinic_.id);
}

Centre::~Centre() {
    engine_.reset();
    entrance_.reset();
    sessions_.reset();
    audit_.reset();  // it moves its journal before the folder goes
    std::filesystem::remove_all(folder_);
}

void Centre::add_person(const std::string& login, const std::string& name, const access::Organisation& organisation, std::string_view role,
                        const std::string& specialty) {
    const record::Actor system = record::Actor::system("HOPERAT");
    people_[login] = directory_->create_person(system, {.login = login, .name = name, .name_en = "Dr " + login});
    directory_->add_membership(system, {.person = people_[login].id, .organisation = organisation.id, .role = std::string(role), .specialty = specialty});
    tokens_[login] = sessions_->issue_token(login, std::chrono::hours(24 * 90));
}

Answer Centre::send_bytes(const std::string& who, http::Method method, const std::string& path, std::string body, std::vector<http::Header> headers) {
    http::Request request{.method = method, .path = path, .target = path, .headers = std::move(headers), .body = std::move(body), .peer_address = "127.0.0.1"};
    if (const auto question = path.find('?'); question != std::string::npos) {
        request.query = path.substr(question + 1);
        request.path.resize(question);
    }
    request.headers.emplace_back("host", "localhost");
    if (!who.empty()) {
        request.headers.emplace_back("authorization", "Bearer " + tokens_.at(who));
    }
    const http::Response response = router_.handle(request);
    Answer answer{response.status, {}, text_of(response), response.headers};
    if (response.content_type.find("json") != std::string::npos) {
        if (auto parsed = json::parse(answer.raw); parsed) {
            answer.body = *std::move(parsed);
        }
    }
    return answer;
}

Answer Centre::call(const std::string& who, http::Method method, const std::string& path, const Value& body, std::vector<http::Header> headers) {
    if (!body.is_null()) {
        headers.emplace_back("content-type", path.starts_with("/fhir") ? "application/fhir+json" : "application/json");
    }
    return send_bytes(who, method, path, body.is_null() ? std::string() : body.dump(), std::move(headers));
}

std::string Centre::new_patient(const std::string& name, const std::string& birth_date, const std::string& sex, std::int64_t organisation) {
    const auto work = record_->begin(record::ReadFilter::system("test"), record::Actor::system("TREAT"));
    Value patient = Value::object({{"resourceType", "Patient"}, {"gender", sex}, {"birthDate", birth_date}});
    patient.set("name", Value::array({Value::object({{"text", name}})}));
    patient.set("identifier", Value::array({Value::object({{"system", "urn:test"}, {"value", "ID-" + new_random_uuid().substr(0, 8)}})}));
    const std::string reference = work->create(std::move(patient));
    work->also([&](storage::Group& group, const record::Work::RidOf& rid_of) { grants_->begin_care(group, rid_of(reference), organisation, 0); });
    work->commit();
    return reference;
}

std::string Centre::create(const std::string& who, const std::string& patient, const std::string& create_id) {
    const Value body =
        parameters({{"machine", "consult"}, {"create_id", create_id.empty() ? new_random_uuid() : create_id}, {"patient", patient}}, Value::object());
    const Answer answer = call(who, http::Method::post, "/fhir/Task/$create", body);
    EXPECT_TRUE(answer.status == 201 || answer.status == 200) << answer.raw;
    const std::string location = answer.header("location");
    return location.substr(location.rfind('/') + 1);
}

std::int64_t Centre::version(const std::string& id) {
    const auto snapshot = database_->read();
    return flow::store::find_case(snapshot->connection(), id)->version;
}

std::string Centre::state(const std::string& id) {
    const auto snapshot = database_->read();
    return flow::store::find_case(snapshot->connection(), id)->state;
}

Answer Centre::move(const std::string& who, const std::string& id, const std::string& action, const Value& fields, const std::string& reason,
                    std::int64_t at_version, const std::string& move_id, const std::string& occurred) {
    Value input = fields;
    const Value& consent = fields["consent"];
    if (consent.is_object() && action != "refuse_consent" && consent["method"].is_null() && consent["signature"].is_null()) {
        input.member("consent").set("signature", attachment(who, id, "consent_signature", png_bytes())["n"]);
    }
    const Value body =
        parameters({{"action", action}, {"move_id", move_id.empty() ? new_random_uuid() : move_id}, {"reason", reason}, {"occurred", occurred}}, input);
    const std::string match = fmt::format("W/\"{}\"", at_version == 0 ? version(id) : at_version);
    return call(who, http::Method::post, "/fhir/Task/" + id + "/$move", body, {{"if-match", match}});
}

std::vector<std::string> Centre::open_moves(const std::string& who, const std::string& id) {
    std::vector<std::string> actions;
    const Answer answer = get(who, "/fhir/Task/" + id + "/$moves");
    for (const Value& one : answer.body["parameter"].items()) {
        actions.push_back(one["part"].at(0)["valueCode"].text());
    }
    return actions;
}

void Centre::step_up(const std::string& who) {
    const Answer answer = call(who, http::Method::post, "/access/step-up", Value::object({{"password", ""}}));
    ASSERT_LT(answer.status, 300) << answer.raw;
}

Value Centre::attachment(const std::string& who, const std::string& id, const std::string& kind, const std::string& bytes) {
    const Answer opened =
        call(who, http::Method::post, "/flow/cases/" + id + "/uploads",
             Value::object(
                 {{"upload_id", new_random_uuid()}, {"kind", kind}, {"size_bytes", static_cast<std::int64_t>(bytes.size())}, {"content_type", "image/png"}}));
    EXPECT_EQ(opened.status, 201) << opened.raw;
    const Answer done = send_bytes(who, http::Method::patch, "/flow/cases/" + id + "/uploads/" + opened.body["upload"].text(), bytes, {{"upload-offset", "0"}});
    EXPECT_EQ(done.status, 200) << done.raw;
    return done.body["attachment"];
}

Value Centre::form() const {
    return *json::parse(fmt::format(R"({{"purpose":"diagnosis","specialty":"neurosurgery","rank":"any","urgency":"urgent","receiver":"{}",
        "summary":"Fell from the pier, vomited twice & confused","question":"Bleeding? 要不要转院?",
        "vitals":{{"status":"given","taken":"{}","values":[{{"code":"heart_rate","value":96}},{{"code":"systolic","value":150}},{{"code":"diastolic","value":90}},{{"code":"gcs","value":14}}]}},
        "allergies":{{"status":"given","items":[{{"text":"penicillin","reaction":"rash"}}]}},"drugs":{{"status":"none"}},"pregnancy":{{"status":"not_asked"}},
        "attachments":{{"status":"none"}},"consent":{{"by":"patient","name":"王小明","told":true}}}})",
                                    hub_.resource, format_instant(clock_.now() - std::chrono::minutes(10))));
}

Value Centre::opinion() const {
    return *json::parse(
        R"({"findings":"No bleeding on the photo; CT needed. 未见明显异常","do_now":"Keep lying, check pupils every 15 min","when_to_send":"Today, by boat",
        "danger_signs":"Vomiting, one wide pupil","call":"Neurosurgery on duty","act_by":"today"})");
}

std::string Centre::submitted() {
    const std::string id = create("doctor", patient_);
    step_up("doctor");
    const Answer answer = move("doctor", id, "submit", form());
    EXPECT_EQ(answer.status, 200) << answer.raw;
    return id;
}

std::string Centre::writing() {
    const std::string id = submitted();
    const std::string expert = people_.at("expert").resource;
    const Answer scheduled = move("coordinator", id, "schedule", Value::object({{"experts", expert}, {"lead", expert}, {"mode", "written"}}));
    EXPECT_EQ(scheduled.status, 200) << scheduled.raw;
    const Answer accepted = move("expert", id, "accept");
    EXPECT_EQ(accepted.status, 200) << accepted.raw;
    return id;
}

std::string Centre::signed_case(const std::string& act_by) {
    const std::string id = writing();
    step_up("expert");
    Value fields = opinion();
    fields.set("act_by", act_by);
    const Answer answer = move("expert", id, "sign", fields);
    EXPECT_EQ(answer.status, 200) << answer.raw;
    return id;
}

}  // namespace qiao::consult::testing
