#include "imaging/dataset_writer.hpp"

#include "base/assert.hpp"
#include "base/digest.hpp"
#include "imaging/header_json.hpp"

namespace qiao::imaging {
namespace {

void put(std::string& out, std::uint32_t value, int width) {
    for (int i = 0; i < width; ++i, value >>= 8U) out += static_cast<char>(value & 0xFFU);
}

}  // namespace

DatasetWriter& DatasetWriter::bytes(Tag tag, Vr vr, std::string_view value) {
    QIAO_ASSERT(tag > last_);
    last_ = tag;
    const bool odd = value.size() % 2 != 0;
    const auto length = static_cast<std::uint32_t>(value.size() + (odd ? 1 : 0));
    put(out_, tag >> 16U, 2);
    put(out_, tag & 0xFFFFU, 2);
    out_ += static_cast<char>(vr >> 8U);
    out_ += static_cast<char>(vr & 0xFFU);
    if (has_long_length(vr)) {
        put(out_, 0, 2);
        put(out_, length, 4);
    } else {
        put(out_, length, 2);
    }
    out_ += value;
    if (odd) out_ += vr == vr_code("UI") || vr == vr_code("OB") ? '\0' : ' ';
    return *this;
}

DatasetWriter& DatasetWriter::text(Tag tag, std::string_view value) {
    const auto* entry = find_tag(tag);
    QIAO_ASSERT(entry != nullptr);
    return bytes(tag, entry->vr, value);
}

DatasetWriter& DatasetWriter::number(Tag tag, std::uint16_t value) {
    std::string raw;
    put(raw, value, 2);
    return bytes(tag, vr_code("US"), raw);
}

DatasetWriter& DatasetWriter::signed_number(Tag tag, std::int16_t value) {
    std::string raw;
    put(raw, static_cast<std::uint16_t>(value), 2);
    return bytes(tag, vr_code("SS"), raw);
}

std::string uid_from(std::string_view seed) {
    __extension__ using Wide = unsigned __int128;
    Wide value = 0;
    for (const char byte : sha256(seed).substr(0, 16)) value = (value << 8U) | static_cast<unsigned char>(byte);
    std::string digits;
    do {
        digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
        value /= 10;
    } while (value != 0);
    return "2.25." + digits;
}

}  // namespace qiao::imaging
