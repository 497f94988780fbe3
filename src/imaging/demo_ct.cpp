#include "imaging/demo_ct.hpp"

#include "base/error.hpp"
#include "base/freed.hpp"
#include "imaging/dataset_writer.hpp"
#include "imaging/part10.hpp"
#include "imaging/transfer_syntax.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

namespace qiao::imaging {
namespace {

constexpr std::array<const char*, 2> kPlaces = {"/usr/share/doc/invesalius-examples/examples/Cranium.inv3",
                                                "/usr/share/invesalius-examples/examples/Cranium.inv3"};
constexpr std::size_t kSlices = 108;
constexpr std::uint16_t kRows = 256;
constexpr std::uint16_t kColumns = 256;
constexpr std::size_t kSlice_bytes = std::size_t{kRows} * kColumns * 2;
constexpr std::string_view kSpacing = "0.95703";
constexpr double kSpacing_mm = 0.95703;
constexpr double kSliceDistance_mm = 1.5;
constexpr std::size_t kPlistLimit_bytes = 64 * 1024;

[[noreturn]] void damaged() { throw Error(ErrorKind::internal, "imaging.demo_volume", "the demo volume is not the one of the package"); }

std::string read_entry(archive* source, std::size_t limit) {
    std::string bytes;
    std::array<char, 65536> piece{};
    for (;;) {
        const auto got = archive_read_data(source, piece.data(), piece.size());
        if (got < 0 || bytes.size() + static_cast<std::size_t>(got) > limit) damaged();
        if (got == 0) return bytes;
        bytes.append(piece.data(), static_cast<std::size_t>(got));
    }
}

/// The plist is only compared with what this code knows of the volume; its document type is never fetched.
void check_plist(std::string plist) {
    std::erase_if(plist, [](char c) { return c == '\r' || c == '\n' || c == '\t' || c == ' '; });
    for (const auto* expected : {"<key>dtype</key><string>int16</string>",
                                 "<key>shape</key><array><integer>108</integer><integer>256</integer><integer>256</integer></array>", "<real>0.95703"})
        if (plist.find(expected) == std::string::npos) damaged();
}

std::string read_volume(const std::string& path) {
    const std::unique_ptr<archive, Freed<archive_read_free>> source(archive_read_new());
    archive_read_support_filter_gzip(source.get());
    archive_read_support_format_tar(source.get());
    if (archive_read_open_filename(source.get(), path.c_str(), 64 * 1024) != ARCHIVE_OK) damaged();
    std::string volume;
    bool described = false;
    archive_entry* entry = nullptr;
    while (archive_read_next_header(source.get(), &entry) == ARCHIVE_OK && (volume.empty() || !described)) {
        const std::string_view name = archive_entry_pathname(entry) != nullptr ? archive_entry_pathname(entry) : "";
        if (name.ends_with("/main.plist")) {
            check_plist(read_entry(source.get(), kPlistLimit_bytes));
            described = true;
        } else if (name.ends_with("/matrix.dat")) {
            volume = read_entry(source.get(), kSlices * kSlice_bytes);
        }
    }
    if (!described || volume.size() != kSlices * kSlice_bytes) damaged();
    return volume;
}

/// Row 0 of the volume is the back of the head; DICOM's rows run from front to back here (LPS, y grows to the back).
std::string upright(std::string_view slice) {
    std::string pixels;
    pixels.reserve(kSlice_bytes);
    for (std::size_t row = kRows; row-- > 0;) pixels += slice.substr(row * kColumns * 2, std::size_t{kColumns} * 2);
    return pixels;
}

std::string decimal(double value) {
    std::array<char, 17> text{};
    std::snprintf(text.data(), text.size(), "%.4f", value);
    return text.data();
}

std::string slice_dataset(const DemoCt& demo, std::size_t index, std::string_view slice) {
    const auto number = std::to_string(index + 1);
    const auto corner = decimal(-kSpacing_mm * (kColumns - 1) / 2);
    const auto height = decimal(kSliceDistance_mm * static_cast<double>(index));
    DatasetWriter out;
    out.text(0x00080005, "ISO_IR 192").text(0x00080008, "DERIVED\\SECONDARY\\AXIAL").text(0x00080012, demo.date).text(0x00080013, demo.time);
    out.text(0x00080016, kCtStorage).text(0x00080018, uid_from(demo.seed + "/instance/" + number));
    out.text(0x00080020, demo.date).text(0x00080021, demo.date).text(0x00080022, demo.date).text(0x00080023, demo.date);
    out.text(0x00080030, demo.time).text(0x00080031, demo.time).text(0x00080032, demo.time).text(0x00080033, demo.time);
    out.text(0x00080050, demo.accession).text(0x00080060, "CT").text(0x00080070, "Qiao demo").text(0x00080090, "");
    out.text(0x00081010, "DEMO-CT").text(0x00081030, demo.description).text(0x0008103E, "Axial 1.5 mm").text(0x00081090, "Demo volume");
    out.text(0x00100010, demo.name).text(0x00100020, demo.patient_id);
    if (!demo.issuer.empty()) out.text(0x00100021, demo.issuer);
    out.text(0x00100030, demo.birth_date).text(0x00100040, demo.sex);
    out.text(0x00180015, "HEAD").text(0x00180050, "1.5").text(0x00180060, "").text(0x00180088, "1.5").text(0x00181020, "1").text(0x00185100, "HFS");
    out.text(0x0020000D, demo_study_uid(demo)).text(0x0020000E, uid_from(demo.seed + "/series"));
    out.text(0x00200010, "1").text(0x00200011, "1").text(0x00200012, "1").text(0x00200013, number);
    out.text(0x00200032, corner + "\\" + corner + "\\" + height).text(0x00200037, "1\\0\\0\\0\\1\\0");
    out.text(0x00200052, uid_from(demo.seed + "/frame")).text(0x00201040, "").text(0x00201041, height).text(0x00204000, kDemoNote);
    out.number(0x00280002, 1).text(0x00280004, "MONOCHROME2").number(0x00280010, kRows).number(0x00280011, kColumns);
    out.text(0x00280030, std::string(kSpacing) + "\\" + std::string(kSpacing));
    out.number(0x00280100, 16).number(0x00280101, 16).number(0x00280102, 15).number(0x00280103, 1).text(0x00280301, "NO");
    out.text(0x00281050, "40\\400").text(0x00281051, "80\\1800").text(0x00281052, "0").text(0x00281053, "1").text(0x00281054, "HU");
    out.text(0x00281055, "BRAIN\\BONE");
    out.bytes(0x7FE00010, vr_code("OW"), upright(slice));
    return out.dataset();
}

}  // namespace

std::string demo_volume_path() {
    for (const auto* place : kPlaces)
        if (std::filesystem::exists(place)) return place;
    return {};
}

std::string demo_study_uid(const DemoCt& demo) { return uid_from(demo.seed + "/study"); }

void make_demo_ct(const DemoCt& demo, const std::function<void(std::string_view file)>& take) {
    const auto path = demo_volume_path();
    if (path.empty()) throw Error(ErrorKind::not_found, "imaging.no_demo_volume", "the package invesalius-examples is not installed");
    const auto volume = read_volume(path);
    for (std::size_t index = 0; index < kSlices; ++index) {
        if (demo.missing.contains(static_cast<int>(index + 1))) continue;
        FileMeta meta;
        meta.transfer_syntax = kExplicitLittle;
        meta.sop_class = kCtStorage;
        meta.sop_instance = uid_from(demo.seed + "/instance/" + std::to_string(index + 1));
        meta.source_ae = "DEMO_CT";
        take(make_file_meta(meta) + slice_dataset(demo, index, std::string_view(volume).substr(index * kSlice_bytes, kSlice_bytes)));
    }
}

}  // namespace qiao::imaging
