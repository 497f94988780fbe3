#include "imaging/transfer_syntax.hpp"

#include <algorithm>

namespace qiao::imaging {
namespace {

constexpr std::string_view kOctets = "application/octet-stream";
constexpr TransferSyntax kTable[] = {
    {kImplicitLittle, "Implicit VR Little Endian", true, false, true, true, kOctets},
    {kExplicitLittle, "Explicit VR Little Endian", false, false, true, true, kOctets},
    {"1.2.840.10008.1.2.2", "Explicit VR Big Endian", false, false, false, false, kOctets},
    {"1.2.840.10008.1.2.1.99", "Deflated Explicit VR Little Endian", false, false, false, false, kOctets},
    {"1.2.840.10008.1.2.5", "RLE Lossless", false, true, true, false, "image/dicom-rle"},
    {"1.2.840.10008.1.2.4.50", "JPEG Baseline", false, true, true, false, "image/jpeg"},
    {"1.2.840.10008.1.2.4.51", "JPEG Extended 12 bit", false, true, true, false, "image/jpeg"},
    {"1.2.840.10008.1.2.4.57", "JPEG Lossless", false, true, true, false, "image/jpeg"},
    {"1.2.840.10008.1.2.4.70", "JPEG Lossless SV1", false, true, true, false, "image/jpeg"},
    {"1.2.840.10008.1.2.4.80", "JPEG-LS Lossless", false, true, true, false, "image/jls"},
    {"1.2.840.10008.1.2.4.81", "JPEG-LS Near-lossless", false, true, true, false, "image/jls"},
    {"1.2.840.10008.1.2.4.90", "JPEG 2000 Lossless", false, true, true, false, "image/jp2"},
    {"1.2.840.10008.1.2.4.91", "JPEG 2000", false, true, true, false, "image/jp2"},
    {"1.2.840.10008.1.2.4.201", "HTJ2K Lossless", false, true, true, false, "image/jphc"},
    {"1.2.840.10008.1.2.4.202", "HTJ2K Lossless RPCL", false, true, true, false, "image/jphc"},
    {"1.2.840.10008.1.2.4.203", "HTJ2K", false, true, true, false, "image/jphc"},
    {"1.2.840.10008.1.2.4.100", "MPEG2 Main Profile Main Level", false, true, true, false, "video/mpeg"},
    {"1.2.840.10008.1.2.4.101", "MPEG2 Main Profile High Level", false, true, true, false, "video/mpeg"},
    {"1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile", false, true, true, false, "video/mp4"},
    {"1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible", false, true, true, false, "video/mp4"},
    {"1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile", false, true, true, false, "video/mp4"},
    {"1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile", false, true, true, false, "video/mp4"},
    {"1.2.840.10008.1.2.4.110", "JPEG XL Lossless", false, true, true, false, "image/jxl"},
    {"1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression", false, true, true, false, "image/jxl"},
    {"1.2.840.10008.1.2.4.112", "JPEG XL", false, true, true, false, "image/jxl"},
};

/// Services that are not storage; everything else an SCU offers as an abstract syntax is taken for a storage class.
constexpr std::string_view kOtherServices[] = {
    "1.2.840.10008.1.1",       "1.2.840.10008.1.3.10",    "1.2.840.10008.1.9",      "1.2.840.10008.1.20.",     "1.2.840.10008.1.40",
    "1.2.840.10008.1.42",      "1.2.840.10008.3.1.",      "1.2.840.10008.4.2",      "1.2.840.10008.5.1.1.",    "1.2.840.10008.5.1.4.1.2.",
    "1.2.840.10008.5.1.4.31",  "1.2.840.10008.5.1.4.32",  "1.2.840.10008.5.1.4.33", "1.2.840.10008.5.1.4.34.", "1.2.840.10008.5.1.4.37.",
    "1.2.840.10008.5.1.4.38.", "1.2.840.10008.5.1.4.39.", "1.2.840.10008.5.1.4.41",
};

}  // namespace

TransferSyntax transfer_syntax(std::string_view uid) {
    for (const auto& row : kTable)
        if (row.uid == uid) return row;
    if (!is_uid(uid)) return {uid, "", false, false, false, false, kOctets};
    return {uid, "", false, true, true, false, kOctets};
}

bool is_uid(std::string_view text) {
    if (text.empty() || text.size() > 64 || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos) return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

bool is_storage_class(std::string_view sop_class_uid) {
    if (!is_uid(sop_class_uid)) return false;
    return std::none_of(std::begin(kOtherServices), std::end(kOtherServices),
                        [&](std::string_view other) { return other.ends_with('.') ? sop_class_uid.starts_with(other) : sop_class_uid == other; });
}

}  // namespace qiao::imaging
