#include "app/demo/cases.hpp"

#include "app/demo/health.hpp"
#include "base/error.hpp"
#include "flow/table.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <set>

namespace qiao::app::demo {
namespace {

using json::Value;

constexpr std::array<std::string_view, 7> kPath = {"submit", "schedule", "accept", "sign", "file", "ask_feedback", "answer"};
constexpr std::string_view kCoordinator = "su.wenting";
constexpr std::string_view kManager = "peng.ruixue";
constexpr std::string_view kSecurity = "song.yanan";
constexpr std::chrono::hours kSessionIn{3};

/// A TOML value as JSON; numbers that need their digits are written as text in the file.
Value json_of(const toml::node& node) {
    if (const auto* table = node.as_table()) {
        Value made = Value::object();
        for (const auto& [key, member] : *table) made.set(key.str(), json_of(member));
        return made;
    }
    if (const auto* list = node.as_array()) {
        Value made = Value::array();
        for (const auto& item : *list) made.push(json_of(item));
        return made;
    }
    if (const auto number = node.value_exact<std::int64_t>()) return {*number};
    if (const auto flag = node.value_exact<bool>()) return {*flag};
    return {node.value_or(std::string())};
}

Value status(std::string_view code) { return Value::object({{"status", code}}); }

/// A number, also where the file has it as a text to keep its digits.
Value number_of(const Value& value) { return value.is_string() ? Value::number(value.text()) : value; }

struct Teller {
    http::Router& router;
    access::Sessions& sessions;
    const Network& network;
    Instant now;
    const std::function<void(const std::string&)>& a_week_passes;

    Client sign_in(std::string_view login) const { return {router, sessions, login}; }
};

Value vitals_of(const Value& row, Instant now) {
    if (row["vitals"].is_null()) return status("not_asked");
    Value made = status("given");
    made.set("taken", format_instant(now - std::chrono::minutes(25)));
    for (const auto& [code, value] : row["vitals"].members()) {
        made.member("values").push(Value::object({{"code", code}, {"value", number_of(value)}}));
    }
    return made;
}

Value drugs_of(const Value& row) {
    if (row["drugs"].is_null()) return status("none");
    Value made = status("given");
    for (const Value& drug : row["drugs"].items()) made.member("items").push(Value::object({{"text", drug}}));
    return made;
}

Value consent_of(const Patient& patient, std::int64_t signature) {
    Value consent = Value::object({{"by", patient.age_years < 14 ? "guardian" : "patient"},
                                   {"name", patient.age_years < 14 ? patient.name.substr(0, 3) + "某（监护人）" : patient.name}});
    if (patient.age_years < 14) consent.set("relation", "parent");
    consent.set("told", true);
    consent.set("signature", signature);
    return consent;
}

Value request_of(const Teller& teller, const Value& row, const Patient& patient, std::int64_t signature) {
    Value form = Value::object();
    for (const char* name : {"purpose", "specialty", "urgency", "summary", "question"}) form.set(name, row[name]);
    form.set("rank", "any");
    form.set("receiver", teller.network.resources.at(row["to"].text()));
    form.set("vitals", vitals_of(row, teller.now));
    form.set("allergies", status("none"));
    form.set("drugs", drugs_of(row));
    if (!patient.male) form.set("pregnancy", status(patient.age_years < 10 ? "not_applicable" : "not_asked"));
    if (patient.age_years < 14) {
        Value weight = status("given");
        weight.set("value_kg", number_of(row["weight_kg"]));
        form.set("weight", std::move(weight));
    }
    form.set("attachments", status("none"));
    form.set("consent", consent_of(patient, signature));
    return form;
}

void sign_opinion(const Teller& teller, const Value& row, const std::string& case_id) {
    Client expert = teller.sign_in(row["expert"].text());
    Value opinion = row["opinion"];
    opinion.set("items_seen", Value::array());
    expert.step_up();
    expert.move(case_id, "sign", opinion);
}

std::string expert_of(const Value& row) {
    std::string id = row["expert"].text();
    std::replace(id.begin(), id.end(), '.', '-');
    return "Practitioner/demo-" + id;
}

/// One step of the ordinary way.
void take_step(const Teller& teller, const Value& row, const std::string& case_id, std::string_view step, Client& doctor) {
    if (step == "schedule") {
        const Value expert(expert_of(row));
        teller.sign_in(kCoordinator)
            .move(case_id, "schedule", Value::object({{"experts", Value::array({expert})}, {"lead", expert}, {"mode", "written"}}));
    } else if (step == "accept") {
        teller.sign_in(row["expert"].text()).move(case_id, "accept");
    } else if (step == "sign") {
        sign_opinion(teller, row, case_id);
    } else if (step == "file") {
        if (row["opinion"]["act_by"].text() != "routine") doctor.move(case_id, "read_back", Value::object({{"text", row["opinion"]["do_now"]}}));
        doctor.step_up();
        doctor.move(case_id, "file", Value::object({{"document_reference", "门诊病历"}}));
    } else if (step == "ask_feedback") {
        teller.a_week_passes(case_id);
    } else if (step == "answer") {
        doctor.move(case_id, "answer", row["answer"]);
    }
}

/// The moves that leave the ordinary way.
void take_turn(const Teller& teller, const Value& row, const std::string& case_id, std::string_view until, Client& doctor) {
    if (until == "give_back") {
        Value items = Value::array();
        for (const Value& item : row["missing_items"].items()) items.push(Value::object({{"code", item.at(0)}, {"text", item.at(1)}}));
        teller.sign_in(kCoordinator).move(case_id, "give_back", Value::object({{"missing_items", items}}), row["give_back"].text());
    } else if (until == "reject") {
        teller.sign_in(kCoordinator).move(case_id, "reject", Value::object({{"reason_code", row["reject"].at(0)}}), row["reject"].at(1).text());
    } else if (until == "withdraw") {
        doctor.move(case_id, "withdraw", {}, row["withdraw"].text());
    } else if (until == "mark_error") {
        teller.sign_in(kManager).move(case_id, "mark_error", {}, row["mark_error"].text());
    }
}

/// A session by appointment: confirmed when the expert has accepted, ready when both sides have checked, or nobody came.
void take_session(const Teller& teller, const Value& row, const std::string& case_id, std::string_view until, Client& doctor) {
    const Value lead(expert_of(row));
    const Value time(format_instant(teller.now + kSessionIn));
    Client coordinator = teller.sign_in(kCoordinator);
    Client expert = teller.sign_in(row["expert"].text());
    coordinator.move(case_id, "schedule", Value::object({{"experts", Value::array({lead})}, {"lead", lead}, {"mode", "session"}, {"time", time}}));
    expert.move(case_id, "accept");
    if (until == "confirm") return;
    doctor.move(case_id, "device_ok", Value::object({{"side", "requester"}, {"test_result", "画面、声音正常"}}));
    expert.move(case_id, "device_ok", Value::object({{"side", "expert"}, {"test_result", "画面、声音正常"}}));
    if (until == "mark_absent") coordinator.move(case_id, "mark_absent", Value::object({{"absent", "requester"}}), row["mark_absent"].text());
}

/// An emergency that was answered at once: nothing rings in the demo.
void take_emergency(const Teller& teller, const Value& row, const std::string& case_id, std::string_view until, Value request, Client& doctor) {
    request.set("callback", row["callback"]);
    request.set("urgency", "emergency");
    doctor.move(case_id, "call_emergency", request);
    Client expert = teller.sign_in(row["expert"].text());
    expert.move(case_id, "accept");
    if (until == "answer_call") return;
    expert.move(case_id, "begin");
    if (until == "interrupt") expert.move(case_id, "interrupt", {}, row["interrupt"].text());
}

/// The institution lets its requests leave through its office from now on.
void take_office(const Teller& teller, const Value& row, const std::string& case_id, const Value& request, Client& doctor) {
    const std::int64_t clinic = teller.network.organisations.at(row["clinic"].text());
    teller.sign_in(kSecurity).send(http::Method::put, fmt::format("/access/organisations/{}/office-approval", clinic), Value::object({{"on", true}}));
    doctor.move(case_id, "submit_to_office", request);
}

std::string tell(const Teller& teller, const Value& row, const Patient& patient, int seed) {
    Client doctor = teller.sign_in(teller.network.doctor_of.at(row["clinic"].text()));
    const std::string case_id = doctor.create_case("consult", patient.reference, Value::object({{"receiver", teller.network.resources.at(row["to"].text())}}));
    const std::string until = row["until"].text();
    const std::int64_t signature = doctor.upload(case_id, "consent_signature", "签名", "image/png", signature_png(seed));
    const Value request = request_of(teller, row, patient, signature);
    if (until == "none") {
        doctor.send(http::Method::put, fmt::format("/flow/cases/{}/drafts/request", case_id), Value::object({{"version", 0}, {"body", request}}));
        return case_id;
    }
    doctor.step_up();
    if (until == "submit_to_office") {
        take_office(teller, row, case_id, request, doctor);
        return case_id;
    }
    if (flow::has_word("answer_call begin interrupt", until)) {
        take_emergency(teller, row, case_id, until, request, doctor);
        return case_id;
    }
    doctor.move(case_id, "submit", request);
    if (flow::has_word("confirm get_ready mark_absent", until)) {
        take_session(teller, row, case_id, until, doctor);
        return case_id;
    }
    const auto last = std::find(kPath.begin(), kPath.end(), until);
    if (last == kPath.end()) {
        take_turn(teller, row, case_id, until, doctor);
        return case_id;
    }
    for (auto step = kPath.begin() + 1; step <= last; ++step) take_step(teller, row, case_id, *step, doctor);
    return case_id;
}

/// The first patient of the clinic in the age range whom no other case has.
const Patient& choose_patient(const Value& row, const std::vector<Patient>& patients, std::set<std::string>& taken) {
    const auto low = row["min_age"].integer().value_or(0);
    const auto high = row["max_age"].integer().value_or(120);
    for (const Patient& patient : patients) {
        const bool sex_fits = row["female"].is_null() || patient.male != row["female"].truth();
        const bool fits = sex_fits && patient.organisation == row["clinic"].text() && patient.age_years >= low && patient.age_years <= high;
        if (fits && taken.insert(patient.reference).second) return patient;
    }
    throw Error(ErrorKind::invalid, "demo.bad_file", fmt::format("no patient of {} is {} to {} years old", row["clinic"].text(), low, high));
}

}  // namespace

std::vector<MadeCase> make_cases(http::Router& router, access::Sessions& sessions, const Network& network, const std::vector<Patient>& patients,
                                 const std::string& file, Instant now, const std::function<void(const std::string&)>& a_week_passes) {
    const toml::table data = toml::parse_file(file);
    const Teller teller{router, sessions, network, now, a_week_passes};
    std::set<std::string> taken;
    std::vector<MadeCase> made;
    if (const auto* list = data["case"].as_array()) {
        for (const auto& item : *list) {
            const Value row = json_of(item);
            const Patient& patient = choose_patient(row, patients, taken);
            const std::string id = tell(teller, row, patient, static_cast<int>(made.size()) + 1);
            made.push_back({id, patient, row["story"].truth()});
        }
    }
    return made;
}

void make_clinic_cards(http::Router& router, access::Sessions& sessions, const Network& network) {
    for (const auto& [organisation, card] : network.cards) {
        Value drugs = Value::array();
        Value devices = Value::array();
        for (const std::string& drug : card.drugs) drugs.push(drug);
        for (const std::string& device : card.devices) devices.push(device);
        Client(router, sessions, network.doctor_of.at(organisation))
            .send(http::Method::put, "/flow/clinic-card",
                  Value::object({{"drugs", drugs}, {"devices", devices}, {"transport", card.transport}, {"phone", card.phone}}));
    }
}

}  // namespace qiao::app::demo
