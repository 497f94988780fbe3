#include "base/json.hpp"
#include "record/rest/handlers.hpp"
#include "record/terminology/code_system.hpp"

#include <span>

namespace qiao::record {

std::string terminology_capabilities(std::string_view version, Instant started) {
    using namespace terminology;
    JsonWriter json;
    json.object([&] {
        json.field("resourceType", "TerminologyCapabilities");
        json.field("status", "active");
        json.field("date", format_instant(started));
        json.field(
            "description",
            "Code systems that are built in. Those of the record are used as well, as far as the caller may read them: GET /fhir/CodeSystem lists them.");
        json.field("kind", "instance");
        json.object("software", [&] {
            json.field("name", "Qiao");
            json.field("version", version);
        });
        json.object("implementation", [&] { json.field("description", "Qiao telemedicine record"); });
        json.field("lockedDate", false);
        json.array("codeSystem", [&] {
            for (const BuiltinCodeSystem& one : std::span(kBuiltinCodeSystems, kBuiltinCodeSystemCount)) {
                if (one.content == 'n') continue;
                json.object([&] {
                    json.field("uri", one.url);
                    if (!one.version.empty()) json.array("version", [&] { json.object([&] { json.field("code", one.version); }); });
                    json.field("subsumption", true);
                });
            }
            json.object([&] { json.field("uri", kUcum); });
        });
        json.object("expansion", [&] {
            json.field("hierarchical", false);
            json.field("paging", true);
            json.array("parameter", [&] {
                for (const std::string_view name : {"filter", "offset", "count", "includeDesignations", "activeOnly", "excludeNested", "displayLanguage"})
                    json.object([&] { json.field("name", name); });
            });
            json.field("textFilter", "every word stands in the display or begins the code");
        });
        json.field("codeSearch", "all");
        json.object("validateCode", [&] { json.field("translations", true); });
        json.object("translation", [&] { json.field("needsMap", true); });
        json.object("closure", [&] { json.field("translation", false); });
    });
    return json.take();
}

}  // namespace qiao::record
