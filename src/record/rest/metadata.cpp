#include "base/json.hpp"
#include "base/text.hpp"
#include "record/definitions/definitions.hpp"
#include "record/rest/handlers.hpp"

#include <algorithm>
#include <array>

namespace qiao::record {
namespace {

/// What every type can do; the routes of the same name exist in rest.cpp.
constexpr std::array<std::string_view, 9> kInteractions = {"read",         "vread",  "update",     "patch", "delete", "history-instance",
                                                           "history-type", "create", "search-type"};

/// Those of the centre that can be searched by: the index of the others is being made.
std::vector<LocalParameterPtr> ready(const Searchable& searchable, TypeId type) {
    std::vector<LocalParameterPtr> found;
    for (const LocalParameterPtr& one : searchable.local->of(type)) {
        const auto waits = [&](const IndexJob& job) { return job.type == type && job.param == one->number; };
        if (std::none_of(searchable.jobs->begin(), searchable.jobs->end(), waits)) found.push_back(one);
    }
    return found;
}

void write_parameters(JsonWriter& json, TypeId type, const Searchable& searchable) {
    json.array("searchParam", [&] {
        const auto write = [&](std::string_view code, std::string_view kind, std::string_view url) {
            json.object([&] {
                json.field("name", code);
                if (!url.empty()) json.field("definition", url);
                json.field("type", kind);
            });
        };
        write("_id", "token", "http://hl7.org/fhir/SearchParameter/Resource-id");
        write("_lastUpdated", "date", "http://hl7.org/fhir/SearchParameter/Resource-lastUpdated");
        write("_list", "special", "");
        for (const TypeParameter& how : parameters_of(type)) {
            const Parameter* definition = find_parameter(how.id);
            if (definition->code == "_id" || definition->code == "_lastUpdated" || !definition->indexed) continue;
            write(definition->code, kind_name(definition->kind), std::string(kParameterUrl) + std::string(definition->name));
        }
        for (const LocalParameterPtr& one : ready(searchable, type)) write(one->code, kind_name(one->kind), one->url);
    });
}

void write_includes(JsonWriter& json, TypeId type, const Searchable& searchable) {
    json.array("searchInclude", [&] {
        for (const TypeParameter& how : parameters_of(type)) {
            const Parameter* definition = find_parameter(how.id);
            if (definition->kind != ParamKind::reference || !definition->indexed) continue;
            json.string(std::string(type_name(type)) + ":" + std::string(definition->code));
        }
        for (const LocalParameterPtr& one : ready(searchable, type)) {
            if (one->kind == ParamKind::reference) json.string(std::string(type_name(type)) + ":" + one->code);
        }
    });
}

/// Operations that R4 defines; the others are the product's own.
constexpr std::array<std::string_view, 13> kStandard = {"everything", "validate", "meta",          "meta-add", "meta-delete", "lastn",    "document",
                                                        "match",      "expand",   "validate-code", "lookup",   "subsumes",    "translate"};

/// Where an operation is defined: R4, the Bulk Data Access guide, or the product itself.
std::string definition_of(const OperationName& operation) {
    if (operation.name == "export") {
        constexpr std::string_view kBulkData = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/";
        return std::string(kBulkData) + (operation.type == kWholeRecord ? "export" : lower(operation.type) + "-export");
    }
    const bool standard = std::find(kStandard.begin(), kStandard.end(), operation.name) != kStandard.end();
    const std::string owner = operation.type == kEveryType ? "Resource" : operation.type == kWholeRecord ? "System" : operation.type;
    return (standard ? "http://hl7.org/fhir/OperationDefinition/" : "urn:qiao:operation:") + owner + "-" + operation.name;
}

/// @param type  a type's name or kWholeRecord
void write_operations(JsonWriter& json, std::string_view type, const std::vector<OperationName>& operations) {
    const auto has = [&](const OperationName& one) {
        return one.type == type || (type != kWholeRecord && one.type == kEveryType && !is_listed(operations, type, one.name));
    };
    if (std::none_of(operations.begin(), operations.end(), has)) return;
    json.array("operation", [&] {
        for (const OperationName& operation : operations) {
            if (!has(operation)) continue;
            json.object([&] {
                json.field("name", operation.name);
                json.field("definition", definition_of(operation));
            });
        }
    });
}

/// The audit only grows, and by itself: `access` shows it from its own table, by what that can be searched by (audit_routes.cpp there).
void write_audit_type(JsonWriter& json) {
    json.object([&] {
        json.field("type", type_name(TypeId::AuditEvent));
        json.array("interaction", [&] {
            for (const std::string_view code : {"read", "search-type"}) json.object([&] { json.field("code", code); });
        });
        json.field("versioning", "no-version");
        json.array("searchParam", [&] {
            for (const std::string_view code : {"action", "agent", "date", "outcome", "patient"}) {
                const Parameter& definition = *find_parameter(find_parameter(TypeId::AuditEvent, code)->id);
                json.object([&] {
                    json.field("name", code);
                    json.field("definition", std::string(kParameterUrl) + std::string(definition.name));
                    json.field("type", kind_name(definition.kind));
                });
            }
        });
    });
}

void write_type(JsonWriter& json, TypeId type, const std::vector<OperationName>& operations, const Searchable& searchable) {
    json.object([&] {
        json.field("type", type_name(type));
        json.array("interaction", [&] {
            for (const std::string_view code : kInteractions) json.object([&] { json.field("code", code); });
        });
        json.field("versioning", "versioned-update");
        json.field("readHistory", true);
        json.field("updateCreate", true);
        json.field("conditionalCreate", true);
        json.field("conditionalRead", "full-support");
        json.field("conditionalUpdate", true);
        json.field("conditionalDelete", "single");
        json.array("referencePolicy", [&] {
            json.string("literal");
            json.string("logical");
            json.string("local");
        });
        write_includes(json, type, searchable);
        write_parameters(json, type, searchable);
        write_operations(json, type_name(type), operations);
    });
}

}  // namespace

bool is_listed(const std::vector<OperationName>& operations, std::string_view type, std::string_view name) {
    return std::any_of(operations.begin(), operations.end(), [&](const OperationName& one) { return one.type == type && one.name == name; });
}

std::string capability_statement(const std::vector<OperationName>& operations, std::string_view version, Instant started, const Searchable& searchable) {
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "CapabilityStatement");
        json.field("status", "active");
        json.field("date", format_instant(started));
        json.field("kind", "instance");
        json.object("software", [&] {
            json.field("name", "Qiao");
            json.field("version", version);
        });
        json.object("implementation", [&] { json.field("description", "Qiao telemedicine record"); });
        json.field("fhirVersion", "4.0.1");
        json.array("format", [&] {
            json.string("application/fhir+json");
            json.string("json");
        });
        json.array("patchFormat", [&] {
            json.string("application/json-patch+json");
            json.string("application/fhir+json");
        });
        json.array("rest", [&] {
            json.object([&] {
                json.field("mode", "server");
                json.object("security", [&] { json.field("description", "A session, or a bearer token of POST /oauth/token (client credentials)."); });
                json.array("resource", [&] {
                    for (const TypeId type : all_types()) {
                        if (type == TypeId::AuditEvent)
                            write_audit_type(json);
                        else
                            write_type(json, type, operations, searchable);
                    }
                });
                json.array("interaction", [&] {
                    json.object([&] { json.field("code", "transaction"); });
                    json.object([&] { json.field("code", "batch"); });
                    json.object([&] { json.field("code", "history-system"); });
                    json.object([&] { json.field("code", "search-system"); });
                });
                write_operations(json, kWholeRecord, operations);
            });
        });
    });
    return json.take();
}

}  // namespace qiao::record
