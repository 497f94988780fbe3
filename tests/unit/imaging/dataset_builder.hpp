#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Writes data sets byte by byte for the tests, right or wrong as they need them.
namespace qiao::imaging::test {

inline void put(std::string& out, std::uint64_t value, int width) {
    for (int i = 0; i < width; ++i, value >>= 8U) out += static_cast<char>(value & 0xFFU);
}

inline std::string tag_bytes(std::uint32_t tag) {
    std::string out;
    put(out, tag >> 16U, 2);
    put(out, tag & 0xFFFFU, 2);
    return out;
}

inline bool is_long_vr(std::string_view vr) {
    return vr == "OB" || vr == "OW" || vr == "SQ" || vr == "UN" || vr == "UT" || vr == "UC" || vr == "OV" || vr == "OF" || vr == "OD" || vr == "OL" ||
           vr == "UR";
}

/// Explicit VR, with the length given apart from the value so that a test can lie about it.
inline std::string element_of_length(std::uint32_t tag, std::string_view vr, std::string_view value, std::uint32_t length) {
    std::string out = tag_bytes(tag);
    out += vr;
    if (is_long_vr(vr)) {
        put(out, 0, 2);
        put(out, length, 4);
    } else {
        put(out, length, 2);
    }
    return out + std::string(value);
}

inline std::string element(std::uint32_t tag, std::string_view vr, std::string value) {
    if (value.size() % 2 != 0) value += vr == "UI" || vr == "OB" ? '\0' : ' ';
    return element_of_length(tag, vr, value, static_cast<std::uint32_t>(value.size()));
}

inline std::string implicit(std::uint32_t tag, std::string value) {
    if (value.size() % 2 != 0) value += ' ';
    std::string out = tag_bytes(tag);
    put(out, value.size(), 4);
    return out + value;
}

inline std::string us(std::uint32_t tag, std::uint16_t number) {
    std::string value;
    put(value, number, 2);
    return element(tag, "US", value);
}

/// An item, or with `open` one of undefined length.
inline std::string item(std::string_view content, bool open = false) {
    std::string out = tag_bytes(0xFFFEE000);
    put(out, open ? 0xFFFFFFFFU : content.size(), 4);
    out += content;
    if (open) out += tag_bytes(0xFFFEE00D) + std::string(4, '\0');
    return out;
}

inline std::string open_sequence(std::uint32_t tag, std::string_view items, std::string_view vr = "SQ") {
    return element_of_length(tag, vr, items, 0xFFFFFFFFU) + tag_bytes(0xFFFEE0DD) + std::string(4, '\0');
}

struct ImageSpec {
    std::string study = "1.2.3.4";
    std::string series = "1.2.3.4.1";
    std::string instance = "1.2.3.4.1.1";
    std::string name = "Zhang^San";
    std::string patient_id = "P1";
    std::string accession = "A1";
    std::string modality = "CT";
    std::string date = "20260102";
    int number = 1;
    std::uint16_t rows = 4;
    std::uint16_t columns = 4;
    int frames = 1;
    std::string charset = "ISO_IR 192";
    char fill = 7;
};

/// A small valid CT-like image in explicit VR little endian, 16 bit.
inline std::string image(const ImageSpec& spec) {
    std::string out;
    out += element(0x00080005, "CS", spec.charset);
    out += element(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2");
    out += element(0x00080018, "UI", spec.instance);
    out += element(0x00080020, "DA", spec.date);
    out += element(0x00080030, "TM", "101500");
    out += element(0x00080050, "SH", spec.accession);
    out += element(0x00080060, "CS", spec.modality);
    out += element(0x00081030, "LO", "Head");
    out += element(0x0008103E, "LO", "Axial");
    out += element(0x00100010, "PN", spec.name);
    out += element(0x00100020, "LO", spec.patient_id);
    out += element(0x00100030, "DA", "19700203");
    out += element(0x00100040, "CS", "M");
    out += element(0x0020000D, "UI", spec.study);
    out += element(0x0020000E, "UI", spec.series);
    out += element(0x00200010, "SH", "S1");
    out += element(0x00200011, "IS", "1");
    out += element(0x00200013, "IS", std::to_string(spec.number));
    out += us(0x00280002, 1);
    out += element(0x00280004, "CS", "MONOCHROME2");
    out += element(0x00280008, "IS", std::to_string(spec.frames));
    out += us(0x00280010, spec.rows);
    out += us(0x00280011, spec.columns);
    out += us(0x00280100, 16);
    out += us(0x00280101, 16);
    out += us(0x00280102, 15);
    out += us(0x00280103, 0);
    const auto bytes = static_cast<std::size_t>(spec.rows) * spec.columns * 2U * static_cast<std::size_t>(spec.frames);
    out += element(0x7FE00010, "OW", std::string(bytes, spec.fill));
    return out;
}

}  // namespace qiao::imaging::test
