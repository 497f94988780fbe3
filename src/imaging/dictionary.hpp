#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The DICOM data dictionary (PS3.6) as a committed table: value representation and keyword of a tag. It depends on no
/// toolkit and no file, so it is there before the first byte arrives. Any thread.
namespace qiao::imaging {

using Tag = std::uint32_t;  ///< group << 16 | element
using Vr = std::uint16_t;   ///< the two letters, first one high

constexpr Vr vr_code(const char (&letters)[3]) {
    return static_cast<Vr>((static_cast<unsigned char>(letters[0]) << 8U) | static_cast<unsigned char>(letters[1]));
}

struct DictionaryEntry {
    Tag tag;
    Vr vr;
    std::string_view keyword;
};

/// Nothing for private and unknown tags.
const DictionaryEntry* find_tag(Tag tag);
/// A keyword ("PatientID") or eight hex digits ("00100020").
std::optional<Tag> tag_by_name(std::string_view name);
/// Eight upper-case hex digits, the attribute name of DICOM JSON.
std::string tag_text(Tag tag);

namespace tag {
inline constexpr Tag kCharacterSet = 0x00080005;
inline constexpr Tag kSopClassUid = 0x00080016;
inline constexpr Tag kSopInstanceUid = 0x00080018;
inline constexpr Tag kStudyDate = 0x00080020;
inline constexpr Tag kStudyTime = 0x00080030;
inline constexpr Tag kAccession = 0x00080050;
inline constexpr Tag kModality = 0x00080060;
inline constexpr Tag kModalitiesInStudy = 0x00080061;
inline constexpr Tag kReferring = 0x00080090;
inline constexpr Tag kStationName = 0x00081010;
inline constexpr Tag kStudyDescription = 0x00081030;
inline constexpr Tag kSeriesDescription = 0x0008103E;
inline constexpr Tag kPatientName = 0x00100010;
inline constexpr Tag kPatientId = 0x00100020;
inline constexpr Tag kIssuer = 0x00100021;
inline constexpr Tag kBirthDate = 0x00100030;
inline constexpr Tag kSex = 0x00100040;
inline constexpr Tag kBodyPart = 0x00180015;
inline constexpr Tag kStudyUid = 0x0020000D;
inline constexpr Tag kSeriesUid = 0x0020000E;
inline constexpr Tag kStudyId = 0x00200010;
inline constexpr Tag kSeriesNumber = 0x00200011;
inline constexpr Tag kInstanceNumber = 0x00200013;
inline constexpr Tag kLaterality = 0x00200060;
inline constexpr Tag kImageComments = 0x00204000;
inline constexpr Tag kSamplesPerPixel = 0x00280002;
inline constexpr Tag kPhotometric = 0x00280004;
inline constexpr Tag kPlanar = 0x00280006;
inline constexpr Tag kFrames = 0x00280008;
inline constexpr Tag kRows = 0x00280010;
inline constexpr Tag kColumns = 0x00280011;
inline constexpr Tag kBitsAllocated = 0x00280100;
inline constexpr Tag kBitsStored = 0x00280101;
inline constexpr Tag kHighBit = 0x00280102;
inline constexpr Tag kPixelRepresentation = 0x00280103;
inline constexpr Tag kPaddingValue = 0x00280120;
inline constexpr Tag kWindowCenter = 0x00281050;
inline constexpr Tag kWindowWidth = 0x00281051;
inline constexpr Tag kRescaleIntercept = 0x00281052;
inline constexpr Tag kRescaleSlope = 0x00281053;
inline constexpr Tag kVoiFunction = 0x00281056;
inline constexpr Tag kRequestAttributes = 0x00400275;
inline constexpr Tag kFloatPixelData = 0x7FE00008;
inline constexpr Tag kDoublePixelData = 0x7FE00009;
inline constexpr Tag kPixelData = 0x7FE00010;
inline constexpr Tag kItem = 0xFFFEE000;
inline constexpr Tag kItemEnd = 0xFFFEE00D;
inline constexpr Tag kSequenceEnd = 0xFFFEE0DD;
}  // namespace tag

}  // namespace qiao::imaging
