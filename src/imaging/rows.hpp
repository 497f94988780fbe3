#pragma once

#include "base/time.hpp"
#include "storage/pack.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Rows of the image index as plain values. Any thread.
namespace qiao::imaging {

/// Who sent an object: an AE or a signed-in person, both bound to one organisation.
struct Source {
    std::int64_t organisation = 0;
    std::string ae = {};       ///< calling AE title, or "STOW"
    std::string charset = {};  ///< of its unlabelled text
    std::string issuer = {};   ///< of its patient ids, unless the object names one
};

struct Study {
    std::int64_t id = 0;
    std::string uid;
    std::int64_t rid = 0;     ///< of the ImagingStudy; 0 = nobody's
    std::string resource;     ///< "ImagingStudy/…"
    std::string patient_ref;  ///< "Patient/…"
    std::int64_t organisation = 0;
    std::string patient_id, issuer, name, birth, sex;  ///< as the images say it; birth as YYYYMMDD
    std::string date, time, accession, description, station;
    std::string modalities;  ///< "CT\SR"
    std::string note;        ///< to be shown in every view, from ImageComments of demo objects
    std::string source_ae;
    std::int64_t series = 0;
    std::int64_t instances = 0;
    std::int64_t bytes = 0;
    std::int64_t epoch = 0;  ///< rises with each link to a patient and each end of one
    Instant received{};
    Instant changed{};
};

struct Series {
    std::int64_t id = 0;
    std::string uid;
    std::string modality;
    std::string description;
    std::string body_part;
    std::optional<std::int64_t> number;
    std::int64_t instances = 0;
};

struct Instance {
    std::int64_t id = 0;
    std::int64_t series_id = 0;
    std::string uid;
    std::string series_uid;
    std::string study_uid;
    std::string sop_class;
    std::string syntax;
    std::uint32_t segment = 0;
    std::uint64_t byte_offset = 0;  ///< of the file form in the segment
    std::uint64_t byte_length = 0;
    std::uint64_t dataset_offset = 0;  ///< from byte_offset
    std::uint64_t header_length = 0;   ///< of the data set, before PixelData
    std::uint64_t pixel_offset = 0;    ///< from the data set's start; 0 = no pixels
    std::uint64_t pixel_length = 0;
    std::int64_t frames = 0;
    std::string frame_table;
    std::string sha256;
    std::string site_charset;
    std::int64_t number = 0;
};

/// A device that may call, bound to one institution.
struct Ae {
    std::int64_t id = 0;
    std::string title;
    std::string address;     ///< numeric, from which it calls
    std::uint16_t port = 0;  ///< on which it answers C-ECHO; 0 = not known
    std::int64_t organisation = 0;
    std::string issuer = {};           ///< of its patient ids; empty on input = the institution's own numbers
    std::string default_charset = {};  ///< of its unlabelled text
    bool may_store = true;
    std::int64_t gateway = 0;  ///< which lets it in, in the network of the institution; 0 = this centre itself
    bool goes_first = false;   ///< at a gateway: its studies are sent before all others
};

/// What a device has done; `ae` 0 = whoever calls from loopback in `demo`.
struct AeUse {
    std::int64_t ae = 0;
    Instant associated{};  ///< the epoch = never
    Instant stored{};
    std::int64_t objects = 0;
};

struct Refusal {
    Instant at{};
    std::string calling, called, address;
    std::string kind;    ///< "association", "object"
    std::string reason;  ///< a stable English phrase
    std::string sop_uid = {};
};

/// The same refusal again and again as one row, for the page of the devices.
struct RefusalGroup {
    Refusal last;
    std::int64_t count = 0;
};

/// Reasons that the page of the devices knows a remedy for.
namespace refusal {
inline constexpr std::string_view kUnknownCaller = "the calling AE title and address are not listed";
inline constexpr std::string_view kWrongCalled = "the called AE title is not ours";
inline constexpr std::string_view kTooMany = "too many associations";
inline constexpr std::string_view kNoSyntax = "no transfer syntax that can be stored is offered";
inline constexpr std::string_view kTooSlow = "the object arrives too slowly";
inline constexpr std::string_view kDiskFull = "the disk is full";
inline constexpr std::string_view kContradicts = "it contradicts what is stored";
}  // namespace refusal

}  // namespace qiao::imaging
