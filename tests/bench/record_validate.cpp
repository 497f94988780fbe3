// Time of validation without sockets, in microseconds a resource, one JSON line a level:
//   record_validate [FILE]
// FILE is one resource as JSON; without it an Observation of about 1 kB that follows the profile of blood pressure.

#include "record/validate/parse.hpp"
#include "record/validate/validate.hpp"
#include "record/validate/verdict.hpp"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

namespace {

using namespace qiao;

constexpr std::string_view kObservation =
    R"({"resourceType":"Observation","id":"bp-1","meta":{"profile":["http://hl7.org/fhir/StructureDefinition/bp"]},"identifier":[{"system":"urn:oid:1.2.3.4","value":"20261121-0001"}],"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital Signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}],"text":"Blood pressure"},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2026-11-21T08:30:00+08:00","performer":[{"reference":"Practitioner/d1"}],"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":137,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":84,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}}]})";

void measure(const char* level, std::size_t bytes, const std::function<std::size_t()>& once) {
    std::size_t findings = once();
    const auto start = std::chrono::steady_clock::now();
    int rounds = 0;
    while (std::chrono::steady_clock::now() - start < std::chrono::seconds(2)) {
        for (int i = 0; i < 100; ++i) findings = once();
        rounds += 100;
    }
    const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - start;
    fmt::print("{{\"level\":\"{}\",\"bytes\":{},\"findings\":{},\"us\":{:.2f}}}\n", level, bytes, findings, spent.count() / rounds);
}

}  // namespace

int main(int argc, char** argv) {
    std::string text(kObservation);
    if (argc > 1) {
        std::ifstream file(argv[1], std::ios::binary);
        text.assign(std::istreambuf_iterator<char>(file), {});
    }
    const auto parsed = record::parse_resource(text);
    if (!parsed) return 1;
    measure("structure", text.size(), [&] { return record::validate_structure(parsed->root()).size(); });
    measure("parse and structure", text.size(), [&] { return record::validate_structure(record::parse_resource(text)->root()).size(); });
    measure("full", text.size(), [&] { return record::findings_of(text, record::TypeId::none, {}, from_us(0)).size(); });
    return 0;
}
