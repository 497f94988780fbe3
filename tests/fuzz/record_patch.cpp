#include "base/assert.hpp"
#include "base/error.hpp"
#include "record/patch/patch.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

/// Any JSON as a JSON Patch (an array) or a FHIRPath Patch (an object) of one resource, and of itself. Besides not crashing: an error is
/// one of ours, the same patch leads to the same text again, and what it made can be written down and read.
namespace {

constexpr std::string_view kResource = R"({"resourceType":"Patient","id":"1","active":true,"birthDate":"1974-12","_birthDate":{"id":"b"},
  "name":[{"family":"Chen","given":["Yu",null],"_given":[null,{"id":"x"}]},{"text":"陈瑜"}],"contact":[{"gender":"female"}],
  "contained":[{"resourceType":"Organization","id":"o"}],"managingOrganization":{"reference":"#o"},"multipleBirthInteger":2})";

std::string outcome(const qiao::json::Value& document, const qiao::json::Value& patch) {
    using namespace qiao::record;
    try {
        const qiao::json::Value patched = patch.is_array() ? apply_json_patch(document, patch) : apply_fhirpath_patch(document, patch, qiao::from_us(0));
        QIAO_ASSERT(patched.depth() <= kPatchedDepth);
        const std::string text = patched.dump();
        if (patched.is_object()) QIAO_ASSERT(qiao::json::parse(text));
        return text;
    } catch (const qiao::Error& error) {
        QIAO_ASSERT(error.code().starts_with("patch.") || error.code().starts_with("fhirpath."));
        return std::string(error.code());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto patch = qiao::json::parse({reinterpret_cast<const char*>(data), size});
    if (!patch) return 0;
    static const qiao::json::Value document = *qiao::json::parse(kResource);
    QIAO_ASSERT(outcome(document, *patch) == outcome(document, *patch));
    outcome(*patch, *patch);
    return 0;
}
