#include "base/assert.hpp"
#include "base/error.hpp"
#include "record/path/evaluate.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Any text as an expression, over a resource and over nothing, strict and lenient. Besides not crashing: an error is one
/// of ours, what was made has a type and a text, and the same expression says the same again.
namespace {

constexpr std::string_view kResource = R"({"resourceType":"Bundle","type":"collection","entry":[
  {"fullUrl":"http://a/Patient/1","resource":{"resourceType":"Patient","id":"1","active":true,"birthDate":"1974-12","name":[{"family":"Chen","given":["Yu",null],"_given":[null,{"id":"x"}]}],
    "contained":[{"resourceType":"Organization","id":"o"}],"managingOrganization":{"reference":"#o"},"contact":[{"gender":"female"}],"multipleBirthInteger":2}},
  {"fullUrl":"urn:uuid:5","resource":{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"subject":{"reference":"Patient/1"},
    "effectiveDateTime":"2026-11-21T08:30:00+08:00","valueQuantity":{"value":7.10,"system":"http://unitsofmeasure.org","code":"mmol/L"}}}]})";

std::string outcome(const qiao::record::path::Expression& expression, const qiao::json::Value* resource, qiao::record::path::Strictness strictness) {
    using namespace qiao::record::path;
    Context context{.now = qiao::from_us(1'795'000'000'000'000), .strictness = strictness};
    try {
        const Collection result = resource == nullptr ? evaluate(expression, Collection(), context) : evaluate(expression, *resource, context);
        std::string out;
        for (const Item& item : result.items) {
            QIAO_ASSERT(!shown_type(item).empty());
            out += shown_text(item) + '\n';
        }
        return out;
    } catch (const qiao::Error& error) {
        QIAO_ASSERT(error.code().starts_with("fhirpath."));
        return std::string(error.code());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace qiao::record::path;
    static const qiao::json::Value kParsed = *qiao::json::parse(kResource);
    const auto expression = Expression::parse(std::string_view(reinterpret_cast<const char*>(data), size));
    if (!expression) return 0;
    for (const Strictness strictness : {Strictness::strict, Strictness::lenient}) {
        const std::string first = outcome(*expression, &kParsed, strictness);
        QIAO_ASSERT(outcome(*expression, &kParsed, strictness) == first);
        outcome(*expression, nullptr, strictness);
    }
    return 0;
}
