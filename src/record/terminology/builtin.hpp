#pragma once

#include <cstddef>
#include <string_view>

/// The code systems and value sets that FHIR R4 (4.0.1), HL7 V3 and V2 define, as compact text; the form is said in
/// tools/definitions/terminology.py. Constants; any thread.
/// Source: FHIR R4 4.0.1 (CC0). Texts of LOINC, SNOMED CT, UCUM and ICD-10 are not in it, only the codes that value sets of HL7 name.
namespace qiao::record::terminology {

struct BuiltinCodeSystem {
    std::string_view url, version, name;
    char content;  ///< c complete, f fragment, e example, n not present
    std::string_view text;
};
struct BuiltinValueSet {
    std::string_view url, version, name, text;
};
extern const BuiltinCodeSystem kBuiltinCodeSystems[];  ///< sorted by url
extern const std::size_t kBuiltinCodeSystemCount;
extern const BuiltinValueSet kBuiltinValueSets[];  ///< sorted by url
extern const std::size_t kBuiltinValueSetCount;

}  // namespace qiao::record::terminology
