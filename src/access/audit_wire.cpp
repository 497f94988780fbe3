#include "access/audit_wire.hpp"

#include "access/wire.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace qiao::access {
namespace {

/// The detail without the internal numbers of resources and patients.
std::string shown_detail(const AuditEvent& event) {
    std::string shown;
    for (const std::string_view word : split(event.detail, ' ')) {
        if (word.starts_with("resources=") || word.starts_with("patients=")) continue;
        if (!shown.empty()) shown += ' ';
        shown += word;
    }
    return shown;
}

/// A spreadsheet runs what begins like a formula.
void add_field(std::string& line, std::string_view text) {
    if (!line.empty()) line += ',';
    line += '"';
    if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) line += '\'';
    for (const char c : text) {
        if (c == '"') line += '"';
        line += c;
    }
    line += '"';
}

std::int64_t person_in(const json::Value& body, const Directory& directory) {
    const std::string text(trim(body["person"].text()));
    if (text.empty()) return 0;
    if (const auto one = directory.person_by_resource(text)) return one->id;
    if (const auto one = directory.person_by_login(lower(text))) return one->id;
    std::int64_t found = 0;
    for (const Person& one : directory.people()) {
        if (one.name != text && one.name_en != text) continue;
        if (found != 0) throw Error(ErrorKind::invalid, "access.audit_no_person", "several people have this name: give the login");
        found = one.id;
    }
    if (found == 0) throw Error(ErrorKind::invalid, "access.audit_no_person", "nobody has this login or name");
    return found;
}

std::string token(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == ',' || c == '|' || c == '$' || c == '\\') out += '\\';
        out += c;
    }
    return percent_encode(out);
}

record::Rid patient_in(const json::Value& body, record::Reader& reader) {
    std::string text(trim(body["patient"].text()));
    if (text.empty()) return 0;
    if (text.starts_with("Patient/")) text.erase(0, 8);
    if (const auto rid = reader.rid_of("Patient", text)) return *rid;
    const auto found = reader.search("Patient", "identifier=" + token(text) + "&_count=2").matches;
    if (found.size() != 1)
        throw Error(ErrorKind::invalid, "access.audit_no_patient", found.empty() ? "no patient has this number" : "several patients have this number");
    return found.front().resource.rid;
}

std::string case_in(const json::Value& body, record::Reader& reader) {
    const std::string text(trim(body["case"].text()));
    if (text.empty()) return {};
    if (reader.rid_of("Task", text)) return text;
    const auto found = reader.search("Task", "identifier=urn:qiao:case|" + token(text) + "&_count=1").matches;
    if (found.empty()) throw Error(ErrorKind::invalid, "access.audit_no_case", "no case has this number");
    return found.front().resource.id;
}

Instant time_in(const json::Value& body, std::string_view name, Instant otherwise) {
    if (body[name].text().empty()) return otherwise;
    const auto time = parse_instant(body[name].text());
    if (!time) throw Error(ErrorKind::invalid, "access.bad_time", "from, until: a date with time and zone");
    return *time;
}

std::string word_in(const json::Value& body, std::string_view name) {
    std::string text(trim(body[name].text()));
    if (text.size() > 64) throw Error(ErrorKind::invalid, "access.bad_json", "a word of a search has at most 64 bytes");
    return text;
}

}  // namespace

std::string number_of_case(record::Reader& reader, const std::string& case_id) {
    const auto task = reader.read("Task", case_id);
    if (!task || task->deleted) return {};
    const json::Value value = task->value();
    for (const auto& one : value["identifier"].items()) {
        if (one["system"].text() == "urn:qiao:case") return one["value"].text();
    }
    return {};
}

AuditQuery audit_query(const json::Value& body, record::Reader& reader, const Directory& directory) {
    return {.from = time_in(body, "from", {}),
            .until = time_in(body, "until", Instant::max()),
            .person = person_in(body, directory),
            .organisation = wire::organisation_of(directory, body["organisation"].text()),
            .patient = patient_in(body, reader),
            .action = word_in(body, "action"),
            .outcome = word_in(body, "outcome"),
            .case_id = case_in(body, reader),
            .source = word_in(body, "source")};
}

const std::string& AuditNames::reference_of(record::Rid rid) {
    const auto [known, fresh] = references_.try_emplace(rid);
    if (fresh && rid != 0) known->second = reader_.reference_of(rid);
    return known->second;
}

const std::string& AuditNames::number_of(const std::string& case_id) {
    const auto [known, fresh] = numbers_.try_emplace(case_id);
    if (fresh && !case_id.empty()) known->second = number_of_case(reader_, case_id);
    return known->second;
}

void AuditNames::write(JsonWriter& json, const AuditRow& row) {
    const AuditEvent& event = row.event;
    const auto patients = patients_of(event);
    json.object([&] {
        json.field("seq", row.seq);
        json.field("at", format_instant(from_us(event.recorded_us)));
        json.field("action", event.action);
        json.field("outcome", event.outcome);
        json.field("role", event.role);
        json.field("type", event.type);
        json.field("source", event.source);
        json.field("purpose", event.purpose);
        json.field("session", event.session8);
        json.field("detail", shown_detail(event));
        json.field("hash", to_hex(row.hash));
        if (const auto person = directory_.person(event.person)) {
            json.object("person", [&] {
                json.field("name", person->name);
                json.field("nameEn", person->name_en);
                json.field("practitioner", person->resource);
                json.field("login", person->login);
            });
        }
        if (const auto where = directory_.organisation(event.organisation)) wire::write_organisation(json, "organisation", *where);
        if (patients.size() == 1) json.field("patient", reference_of(patients.front()));
        json.field("patients", static_cast<std::int64_t>(patients.size()));
        if (event.type != "Patient" && event.rid != 0) json.field("resource", reference_of(event.rid));
        if (event.version != 0) json.field("version", event.version);
        if (!event.case_id.empty()) {
            json.object("case", [&] {
                json.field("id", event.case_id);
                json.field("number", number_of(event.case_id));
            });
        }
    });
}

std::string AuditNames::header() {
    return "row,recorded,action,outcome,person,login,role,institution,patient,patients,type,resource,version,case,source,purpose,session,detail,hash\r\n";
}

std::string AuditNames::csv(const AuditRow& row) {
    const AuditEvent& event = row.event;
    const auto patients = patients_of(event);
    const auto person = directory_.person(event.person);
    const auto where = directory_.organisation(event.organisation);
    std::string line = std::to_string(row.seq);
    add_field(line, format_instant(from_us(event.recorded_us)));
    add_field(line, event.action);
    add_field(line, event.outcome);
    add_field(line, person ? person->name : std::string());
    add_field(line, person ? person->login : std::string());
    add_field(line, event.role);
    add_field(line, where ? where->name : std::string());
    add_field(line, patients.size() == 1 ? reference_of(patients.front()) : std::string());
    line += "," + std::to_string(patients.size());
    add_field(line, event.type);
    add_field(line, event.type == "Patient" ? std::string() : reference_of(event.rid));
    line += "," + std::to_string(event.version);
    add_field(line, number_of(event.case_id));
    add_field(line, event.source);
    add_field(line, event.purpose);
    add_field(line, event.session8);
    add_field(line, shown_detail(event));
    add_field(line, to_hex(row.hash));
    return line + "\r\n";
}

}  // namespace qiao::access
