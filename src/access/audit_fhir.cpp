#include "access/audit_fhir.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

#include <array>
#include <initializer_list>

namespace qiao::access {
namespace {

constexpr std::string_view kProfiles = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
constexpr std::string_view kRest = "http://terminology.hl7.org/CodeSystem/audit-event-type";
constexpr std::string_view kDicom = "http://dicom.nema.org/resources/ontology/DCM";
constexpr std::string_view kInteraction = "http://hl7.org/fhir/restful-interaction";
constexpr std::string_view kEntityType = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
constexpr std::string_view kObjectRole = "http://terminology.hl7.org/CodeSystem/object-role";

/// How one action of the chain reads in FHIR.
struct Shape {
    std::string_view action;       ///< of the chain
    std::string_view code;         ///< AuditEvent.action
    std::string_view interaction;  ///< subtype in restful-interaction; empty = none
    std::string_view profile;      ///< of BALP, "Patient" is put before it when a patient is concerned
};

constexpr std::array kShapes = {
    Shape{"create", "C", "create", "Create"},
    Shape{"update", "U", "update", "Update"},
    Shape{"delete", "D", "delete", "Delete"},
    Shape{"read", "R", "read", "Read"},
    Shape{"vread", "R", "vread", "Read"},
    Shape{"history", "R", "history-instance", "Read"},
    Shape{"search", "E", "search-type", "Query"},
    Shape{"export", "R", "", ""},
    Shape{"print", "R", "", ""},
};

const Shape* shape_of(std::string_view action) {
    for (const Shape& one : kShapes) {
        if (one.action == action) return &one;
    }
    return nullptr;
}

void coding(JsonWriter& json, std::string_view name, std::string_view system, std::string_view code) {
    json.object(name, [&] {
        json.field("system", system);
        json.field("code", code);
    });
}

void coding_list(JsonWriter& json, std::string_view name, std::string_view system, std::string_view code) {
    json.array(name, [&] {
        json.object([&] {
            json.field("system", system);
            json.field("code", code);
        });
    });
}

void concept_of(JsonWriter& json, std::string_view name, std::string_view system, std::string_view code) {
    json.object(name, [&] { coding_list(json, "coding", system, code); });
}

void write_kind(JsonWriter& json, const AuditEvent& event, const Shape* shape) {
    if (shape != nullptr && !shape->profile.empty()) {
        const std::string profile = std::string(kProfiles) + (patients_of(event).empty() ? "" : "Patient") + std::string(shape->profile);
        json.object("meta", [&] { json.array("profile", [&] { json.string(profile); }); });
    }
    if (shape != nullptr && !shape->interaction.empty()) {
        coding(json, "type", kRest, "rest");
        coding_list(json, "subtype", kInteraction, shape->interaction);
    } else if (event.action == "login" || event.action == "logout") {
        coding(json, "type", kDicom, "110114");  // User Authentication
        coding_list(json, "subtype", kDicom, event.action == "login" ? "110122" : "110123");
    } else if (event.action == "export" || event.action == "print") {
        coding(json, "type", kDicom, "110106");  // Export
        coding_list(json, "subtype", "urn:qiao:audit", event.action);
    } else {
        coding(json, "type", "urn:qiao:audit", event.action);
    }
    json.field("action", shape != nullptr ? shape->code : "E");
}

void write_agent(JsonWriter& json, const AuditEvent& event, const Directory& directory) {
    json.object([&] {
        concept_of(json, "type", "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP");
        if (!event.role.empty()) {
            json.array("role", [&] { json.object([&] { coding_list(json, "coding", "urn:qiao:role", event.role); }); });
        }
        json.object("who", [&] {
            if (const auto person = directory.person(event.person)) {
                json.field("reference", person->resource);
            } else {
                json.object("identifier", [&] {
                    json.field("system", "urn:qiao:audit-agent");
                    json.field("value", event.role == "patient" ? "patient" : event.session8.empty() ? "system" : "client");
                });
            }
        });
        json.field("requestor", true);
        if (!event.source.empty()) {
            json.object("network", [&] {
                json.field("address", event.source);
                json.field("type", "2");  // IP address
            });
        }
        if (!event.purpose.empty()) {
            json.array("purposeOfUse",
                       [&] { json.object([&] { coding_list(json, "coding", "http://terminology.hl7.org/CodeSystem/v3-ActReason", event.purpose); }); });
        }
    });
}

void write_entity(JsonWriter& json, std::string_view reference, std::string_view type, std::string_view role, std::string_view query = {}) {
    json.object([&] {
        if (!reference.empty()) json.object("what", [&] { json.field("reference", reference); });
        coding(json, "type", kEntityType, type);
        coding(json, "role", kObjectRole, role);
        if (!query.empty()) json.field("query", to_base64(query));
    });
}

void write_entities(JsonWriter& json, const AuditRow& row, record::Reader& reader) {
    const AuditEvent& event = row.event;
    json.array("entity", [&] {
        for (const record::Rid patient : patients_of(event)) {
            if (const std::string reference = reader.reference_of(patient); !reference.empty()) write_entity(json, reference, "1", "1");
        }
        if (event.rid != 0 && event.type != "Patient") {
            std::string reference = reader.reference_of(event.rid);
            if (!reference.empty() && event.version != 0) reference += "/_history/" + std::to_string(event.version);
            if (!reference.empty()) write_entity(json, reference, "2", "4");
        }
        if (!event.case_id.empty() && event.type != "Task") write_entity(json, "Task/" + event.case_id, "2", "20");  // the job it was done in
        // The chain keeps what a search was over and what it showed, not its words: they may name people.
        if (event.action == "search") write_entity(json, {}, "2", "24", event.type + (event.detail.empty() ? "" : " " + event.detail));
        if (!event.session8.empty()) {
            json.object([&] {
                json.object("what", [&] {
                    json.object("identifier", [&] {
                        json.field("system", "urn:qiao:session");
                        json.field("value", event.session8);
                    });
                });
                coding(json, "type", kEntityType, "2");
                coding(json, "role", kObjectRole, "21");  // job stream
            });
        }
    });
}

}  // namespace

std::string audit_event_json(const AuditRow& row, record::Reader& reader, const Directory& directory) {
    const AuditEvent& event = row.event;
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "AuditEvent");
        json.field("id", "1-" + std::to_string(row.seq));
        write_kind(json, event, shape_of(event.action));
        json.field("recorded", format_instant(from_us(event.recorded_us)));
        json.field("outcome", event.outcome == "success" ? "0" : event.outcome == "denied" ? "4" : "8");
        if (event.outcome != "success" && !event.detail.empty()) json.field("outcomeDesc", event.detail);
        json.array("agent", [&] {
            write_agent(json, event, directory);
            if (const auto where = directory.organisation(event.organisation)) {
                json.object([&] {
                    concept_of(json, "type", "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "CST");
                    json.object("who", [&] { json.field("reference", where->resource); });
                    json.field("requestor", false);
                });
            }
        });
        json.object("source", [&] {
            json.object("observer", [&] { json.field("display", "Qiao"); });
            coding_list(json, "type", "http://terminology.hl7.org/CodeSystem/security-source-type", "4");  // application server
        });
        write_entities(json, row, reader);
        json.array("extension", [&] {
            json.object([&] {
                json.field("url", "urn:qiao:audit-hash");
                json.field("valueString", to_hex(row.hash));
            });
        });
    });
    return json.take();
}

}  // namespace qiao::access
