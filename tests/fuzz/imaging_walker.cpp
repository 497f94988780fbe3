// Data sets from anywhere: whatever the bytes and however they are cut, the walker ends, and its JSON is JSON.
#include "base/json_value.hpp"
#include "imaging/dataset_walker.hpp"
#include "imaging/part10.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace qiao::imaging;
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    if ((data[0] & 8U) != 0) {
        (void)read_file_meta(bytes);
        (void)FrameTable::unpack(bytes);
    }
    WalkOptions options;
    options.implicit = (data[0] & 1U) != 0;
    options.encapsulated = (data[0] & 2U) != 0;
    options.scope = (data[0] & 4U) != 0 ? JsonScope::all : JsonScope::query;
    options.site_charset = (data[0] & 16U) != 0 ? "GB18030" : "";
    options.limits.value_bytes = 4'096;
    const auto whole = walk(bytes, options);
    DatasetWalker walker(options);
    const std::size_t chunk = data[1] % 64U + 1U;
    bool failed = false;
    for (std::size_t at = 0; at < bytes.size() && !failed; at += chunk) failed = walker.feed(bytes.substr(at, chunk)).has_value();
    const auto pieces = walker.finish();
    if (static_cast<bool>(whole) != static_cast<bool>(pieces)) std::abort();
    if (!whole) return 0;
    if (whole->json != pieces->json || whole->frames.pack() != pieces->frames.pack()) std::abort();
    if (!qiao::json::parse(whole->json, 200)) std::abort();
    for (const auto& fragment : whole->frames.fragments)
        if (fragment.offset + fragment.length > bytes.size()) std::abort();
    return 0;
}
