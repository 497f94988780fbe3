#include "base/assert.hpp"
#include "base/error.hpp"
#include "record/extract/extract.hpp"
#include "record/terminology/expand.hpp"
#include "record/validate/parse.hpp"
#include "record/validate/structure_definition.hpp"
#include "record/validate/validate.hpp"
#include "record/validate/verdict.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Read as a code system, a value set and a map, whatever it is.
static void read_definitions(simdjson::dom::element root) {
    using namespace qiao::record::terminology;
    const auto system = CodeSystem::from_resource(root);
    for (const Concept& one : system->concepts()) {
        QIAO_ASSERT(system->find(one.code) != nullptr);
        (void)system->subsumes(system->concepts().front(), one);
    }
    std::string other;
    (void)translate(*ConceptMap::from_resource(root), "", "a", false, other);
    const auto set = ValueSet::from_resource(root);
    try {
        const Expansion expansion = expand(builtin_shelf(), set);
        QIAO_ASSERT(expansion.codes.size() <= kMostCodes);
    } catch (const qiao::Error&) {
        return;
    }
}

/// Any bytes: parse → validate → extract → keep → read back. Besides not crashing, what is kept must come back as it was.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace qiao::record;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto resource = parse_resource(bytes);
    if (!resource) return 0;
    const auto issues = validate_structure(resource->root());
    QIAO_ASSERT(issues.size() <= 100);
    const std::string profile[] = {"http://hl7.org/fhir/StructureDefinition/bp"};
    const auto findings = findings_of(bytes, TypeId::none, profile, qiao::from_us(0));
    QIAO_ASSERT(findings.size() <= 200);
    // What level structure refuses, level full refuses for the same: it names equal ones once (long names are cut).
    for (const qiao::Issue& issue : issues) {
        const auto is_it = [&](const Finding& one) { return one.issue.expression == issue.expression && one.issue.diagnostics == issue.diagnostics; };
        QIAO_ASSERT(findings.size() == 200 || std::any_of(findings.begin(), findings.end(), is_it));
    }
    // As a profile, which may say anything.
    const auto definition = read_structure_definition(*qiao::json::parse(resource->text()));
    QIAO_ASSERT(definition->fault.empty() || definition->root.children.empty());
    (void)laid_over(*definition, *definition);
    const Zone zone("Asia/Shanghai");
    const IndexValues values = extract(resource->root(), resource->type(), {.zone = &zone, .base_url = "http://a/fhir"});
    for (const DateValue& date : values.dates) QIAO_ASSERT(date.lo_ms < date.hi_ms || !issues.empty() || date.hi_ms != kDistantFuture_ms);
    for (const TypeId type : {TypeId::Patient, TypeId::Observation, TypeId::Bundle}) extract(resource->root(), type);

    const std::string body = stored_body(*resource);
    const auto kept = parse_resource(body);
    QIAO_ASSERT(kept);
    QIAO_ASSERT(stored_body(*kept) == body);
    const std::string read = spliced(body, {"p1", "3", "2026-11-21T08:30:00.123Z"});
    const auto again = parse_resource(read);
    QIAO_ASSERT(again);
    QIAO_ASSERT(again->id() == "p1");
    QIAO_ASSERT(stored_body(*again) == body);
    // Server data aside, a valid resource stays valid.
    if (issues.empty()) QIAO_ASSERT(validate_structure(again->root()).empty());
    read_definitions(resource->root());
    raw_items(raw_member(bytes, "entry").value_or(std::string_view()));
    return 0;
}
