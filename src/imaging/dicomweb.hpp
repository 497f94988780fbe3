#pragma once

#include "http/router.hpp"
#include "imaging/archive.hpp"
#include "imaging/search_store.hpp"
#include "imaging/study_access.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// DICOMweb (PS3.18) under /dicomweb: STOW-RS, QIDO-RS, WADO-RS with frames, bulk data, rendered images and thumbnails.
/// Handlers run on the worker pool and are thread-safe.
namespace qiao::imaging {

struct DicomwebPorts {
    /// Who asks. Throws Error(unauthenticated).
    std::function<Viewer(const http::Request&)> viewer;
    /// For whom the request stores; nothing = may not store.
    std::function<std::optional<Source>(const http::Request&, const Viewer&)> uploader;
};

class Dicomweb {
public:
    Dicomweb(Archive& archive, StudyAccess& access, DicomwebPorts ports);
    void add_routes(http::Router& router);

private:
    // dicomweb_search.cpp
    http::Response search(const http::Request& request, QueryLevel level);
    // dicomweb_store.cpp
    http::Response store(const http::Request& request);
    // dicomweb_retrieve.cpp
    http::Response retrieve(const http::Request& request);
    http::Response metadata(const http::Request& request);
    http::Response bulk_data(const http::Request& request);
    /// The study of the path when the caller may see it, else Error(not_found, "dicom.not_found").
    std::int64_t open(const http::Request& request);
    /// The instances that the path names; never empty.
    std::vector<Instance> instances_of(const http::Request& request);
    Instance instance_of(const http::Request& request);
    // dicomweb_frames.cpp
    http::Response frames(const http::Request& request);
    http::Response rendered(const http::Request& request);
    http::Response thumbnail(const http::Request& request);
    http::Response image(const http::Request& request, const Instance& instance, std::uint32_t frame, bool thumbnail);
    /// Body parts of one frame, after its checksum was found right.
    std::vector<http::BodyPart> frame_parts(const Instance& instance, const FrameTable& table, std::uint32_t number);
    std::string frame_bytes(const Instance& instance, const FrameTable& table, std::uint32_t number);

    Archive& archive_;
    StudyAccess& access_;
    const DicomwebPorts ports_;
};

}  // namespace qiao::imaging
