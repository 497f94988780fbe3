#include "imaging/part10.hpp"

#include "imaging/dictionary.hpp"
#include "imaging/header_json.hpp"
#include "imaging/transfer_syntax.hpp"

namespace qiao::imaging {
namespace {

constexpr std::size_t kPreamble_bytes = 128;
constexpr std::size_t kMetaLimit_bytes = 1ULL << 20U;
constexpr std::string_view kImplementationUid = "2.25.302154688410523178843297056517623910457";
constexpr std::string_view kImplementationName = "QIAO";

std::uint32_t little(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8U * i);
    return value;
}

void put_little(std::string& out, std::uint32_t value, int width) {
    for (int i = 0; i < width; ++i, value >>= 8U) out += static_cast<char>(value & 0xFFU);
}

std::string trimmed(std::string_view value) {
    while (!value.empty() && (value.back() == '\0' || value.back() == ' ')) value.remove_suffix(1);
    return std::string(value);
}

bool is_letters(std::string_view bytes, std::size_t at) { return bytes[at] >= 'A' && bytes[at] <= 'Z' && bytes[at + 1] >= 'A' && bytes[at + 1] <= 'Z'; }

void put_element(std::string& out, std::uint16_t element, std::string_view vr, std::string value) {
    if (value.size() % 2 != 0) value += vr == "UI" || vr == "OB" ? '\0' : ' ';
    put_little(out, 0x0002, 2);
    put_little(out, element, 2);
    out += vr;
    if (vr == "OB") {
        put_little(out, 0, 2);
        put_little(out, static_cast<std::uint32_t>(value.size()), 4);
    } else {
        put_little(out, static_cast<std::uint32_t>(value.size()), 2);
    }
    out += value;
}

void keep(FileMeta& meta, std::uint32_t element, std::string_view value) {
    if (element == 0x0002) meta.sop_class = trimmed(value);
    if (element == 0x0003) meta.sop_instance = trimmed(value);
    if (element == 0x0010) meta.transfer_syntax = trimmed(value);
    if (element == 0x0016) meta.source_ae = trimmed(value);
}

}  // namespace

Result<FileMeta> read_file_meta(std::string_view file) {
    FileMeta meta;
    std::size_t at = 0;
    if (file.size() >= kPreamble_bytes + 4 && file.substr(kPreamble_bytes, 4) == "DICM") at = kPreamble_bytes + 4;
    while (at + 8 <= file.size() && little(file, at, 2) == 0x0002) {
        if (at > kMetaLimit_bytes) return ParseError{"the file meta group exceeds the limit", at};
        if (!is_letters(file, at + 4)) return ParseError{"the file meta group is not explicit VR", at};
        const auto vr = static_cast<Vr>((static_cast<unsigned char>(file[at + 4]) << 8U) | static_cast<unsigned char>(file[at + 5]));
        const bool is_long = has_long_length(vr);
        if (is_long && at + 12 > file.size()) return ParseError{"the file ends inside its meta group", at};
        const std::size_t length = is_long ? little(file, at + 8, 4) : little(file, at + 6, 2);
        const auto value = at + (is_long ? 12 : 8);
        if (length > file.size() - value) return ParseError{"the file ends inside its meta group", at};
        keep(meta, little(file, at + 2, 2), file.substr(value, length));
        at = value + length;
    }
    if (at + 8 > file.size()) return ParseError{"there is no data set", at};
    if (at == 0 && little(file, 0, 2) != 0x0008) return ParseError{"this is not a DICOM object", 0};
    meta.dataset_offset = at;
    if (meta.transfer_syntax.empty()) meta.transfer_syntax = is_letters(file, at + 4) ? kExplicitLittle : kImplicitLittle;
    return meta;
}

std::string make_file_meta(const FileMeta& meta) {
    std::string group;
    put_element(group, 0x0001, "OB", std::string("\0\1", 2));
    put_element(group, 0x0002, "UI", meta.sop_class);
    put_element(group, 0x0003, "UI", meta.sop_instance);
    put_element(group, 0x0010, "UI", meta.transfer_syntax);
    put_element(group, 0x0012, "UI", std::string(kImplementationUid));
    put_element(group, 0x0013, "SH", std::string(kImplementationName));
    if (!meta.source_ae.empty()) put_element(group, 0x0016, "AE", meta.source_ae);
    std::string file(kPreamble_bytes, '\0');
    file += "DICM";
    put_little(file, 0x0002, 2);
    put_little(file, 0x0000, 2);
    file += "UL";
    put_little(file, 4, 2);
    put_little(file, static_cast<std::uint32_t>(group.size()), 4);
    return file + group;
}

}  // namespace qiao::imaging
