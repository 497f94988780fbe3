#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "imaging/dicomweb.hpp"
#include "imaging/dicomweb_media.hpp"
#include "imaging/series_blob.hpp"

#include <charconv>

namespace qiao::imaging {
namespace {

constexpr std::string_view kJson = "application/dicom+json";

std::string etag_of(const std::vector<Instance>& instances) {
    if (instances.size() == 1) return '"' + to_hex(instances.front().sha256).substr(0, 32) + '"';
    Sha256 all;
    for (const auto& instance : instances) all.update(instance.sha256);
    return '"' + to_hex(all.finish()).substr(0, 32) + '"';
}

bool takes_gzip(const http::Request& request) {
    for (const auto part : split(request.header("accept-encoding"), ',')) {
        const auto coding = trim(part.substr(0, part.find(';')));
        if (coding == "gzip" && part.find("q=0") == std::string_view::npos) return true;
    }
    return false;
}

std::uint64_t number_of(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) throw Error(ErrorKind::not_found, "dicom.not_found", "no such bulk data");
    return value;
}

}  // namespace

Dicomweb::Dicomweb(Archive& archive, StudyAccess& access, DicomwebPorts ports) : archive_(archive), access_(access), ports_(std::move(ports)) {}

void Dicomweb::add_routes(http::Router& router) {
    using http::Method;
    const http::RouteOptions plain;
    http::RouteOptions upload;
    upload.body_limit_bytes = limits::kStowBody_bytes;
    upload.spill = true;
    const std::string studies = "/dicomweb/studies";
    const std::string study = studies + "/{study}";
    const std::string series = study + "/series/{series}";
    const std::string instance = series + "/instances/{instance}";
    const auto get = [&](const std::string& pattern, http::Response (Dicomweb::*handler)(const http::Request&)) {
        router.add(Method::get, pattern, plain, [this, handler](const http::Request& request) { return (this->*handler)(request); });
    };
    const auto find = [&](const std::string& pattern, QueryLevel level) {
        router.add(Method::get, pattern, plain, [this, level](const http::Request& request) { return search(request, level); });
    };
    find(studies, QueryLevel::study);
    find(study + "/series", QueryLevel::series);
    find("/dicomweb/series", QueryLevel::series);
    find(study + "/instances", QueryLevel::instance);
    find(series + "/instances", QueryLevel::instance);
    find("/dicomweb/instances", QueryLevel::instance);
    for (const auto& level : {study, series, instance}) {
        get(level, &Dicomweb::retrieve);
        get(level + "/metadata", &Dicomweb::metadata);
        get(level + "/thumbnail", &Dicomweb::thumbnail);
    }
    get(instance + "/frames/{frames}", &Dicomweb::frames);
    get(instance + "/bulkdata/{offset}/{length}", &Dicomweb::bulk_data);
    get(instance + "/rendered", &Dicomweb::rendered);
    get(instance + "/frames/{frames}/rendered", &Dicomweb::rendered);
    get(instance + "/frames/{frames}/thumbnail", &Dicomweb::thumbnail);
    for (const auto& target : {studies, study}) router.add(Method::post, target, upload, [this](const http::Request& request) { return store(request); });
}

std::int64_t Dicomweb::open(const http::Request& request) {
    const auto study = access_.open(ports_.viewer(request), request.param("study"));
    if (!study) throw Error(ErrorKind::not_found, "dicom.not_found", "no such study");
    return *study;
}

std::vector<Instance> Dicomweb::instances_of(const http::Request& request) {
    open(request);
    auto found = archive_.store().instances(request.param("study"), request.param("series"), request.param("instance"));
    if (found.empty()) throw Error(ErrorKind::not_found, "dicom.not_found", "no such series or instance");
    return found;
}

Instance Dicomweb::instance_of(const http::Request& request) { return std::move(instances_of(request).front()); }

http::Response Dicomweb::retrieve(const http::Request& request) {
    const auto instances = instances_of(request);
    const auto etag = etag_of(instances);
    if (auto known = not_modified(request, etag)) return *std::move(known);
    std::vector<PartBody> parts;
    Delivery delivery;
    for (const auto& instance : instances) {
        delivery = choose_object_delivery(request, transfer_syntax(instance.syntax));
        PartBody part;
        part.content_type = delivery.media_type + "; transfer-syntax=" + instance.syntax;
        part.location = instance_path(instance);
        part.body.emplace_back(http::FileRange{archive_.segment(instance.segment), instance.byte_offset, instance.byte_length});
        parts.push_back(std::move(part));
    }
    const bool single = !delivery.multipart && parts.size() == 1;
    auto response = single ? single_response(std::move(parts.front())) : multipart_response("application/dicom", std::move(parts));
    make_cacheable(response, etag);
    return single ? apply_range(request, std::move(response)) : response;
}

http::Response Dicomweb::metadata(const http::Request& request) {
    const auto study = open(request);
    http::Response response;
    response.content_type = kJson;
    response.with("Cache-Control", "private, no-cache").with("Vary", "Cookie, Accept-Encoding");
    const auto one = request.param("instance");
    if (!one.empty()) {
        response.body = "[" + archive_.header_json(instance_of(request)) + "]";
        return response;
    }
    std::vector<DeflatedRun> runs;
    for (auto& series : archive_.store().series_meta(study, request.param("series"))) {
        if (!series.run) series.run = archive_.series_run(request.param("study"), series.uid);  // not stable yet
        runs.push_back(*std::move(series.run));
    }
    if (runs.empty()) throw Error(ErrorKind::not_found, "dicom.not_found", "no such series");
    const bool zipped = takes_gzip(request);
    const auto etag = '"' + digest_of(runs) + (zipped ? "-gzip\"" : "\"");
    response.with("ETag", etag);
    if (is_known(request, etag)) {
        response.status = 304;
    } else if (zipped) {
        response.with("Content-Encoding", "gzip");
        response.parts = gzip_array(std::move(runs));
    } else {
        response.body = text_array(std::move(runs));
    }
    return response;
}

http::Response Dicomweb::bulk_data(const http::Request& request) {
    const auto instance = instance_of(request);
    const auto offset = number_of(request.param("offset"));
    const auto length = number_of(request.param("length"));
    const auto etag = '"' + to_hex(instance.sha256).substr(0, 32) + "-b" + std::to_string(offset) + "-" + std::to_string(length) + '"';
    if (auto known = not_modified(request, etag)) return *std::move(known);
    const auto size = instance.byte_length - instance.dataset_offset;
    if (offset > size || length > size - offset) throw Error(ErrorKind::not_found, "dicom.not_found", "no such bulk data");
    const auto syntax = transfer_syntax(instance.syntax);
    std::vector<PartBody> parts;
    auto delivery = Delivery{true, "application/octet-stream"};
    if (offset == instance.pixel_offset && syntax.encapsulated) {
        // Compressed pixel data goes out as its frames, not as fragments with their item headers.
        delivery = choose_frame_delivery(request, syntax);
        const auto table = FrameTable::unpack(instance.frame_table);
        if (!table) throw Error(ErrorKind::internal, "imaging.index_damaged", "a frame table is damaged");
        for (std::uint32_t number = 1; number <= table->frames; ++number)
            parts.push_back({delivery.media_type + "; transfer-syntax=" + instance.syntax, instance_path(instance) + "/frames/" + std::to_string(number),
                             frame_parts(instance, *table, number)});
        delivery.multipart = true;
    } else {
        for (const auto& range : accepted(request))
            if (!range.multipart && range.type == "application/octet-stream") delivery.multipart = false;
        parts.push_back({"application/octet-stream", request.path, {archive_.range(instance, offset, length)}});
    }
    const bool single = !delivery.multipart && parts.size() == 1;
    auto response = single ? single_response(std::move(parts.front())) : multipart_response(delivery.media_type, std::move(parts));
    make_cacheable(response, etag);
    return single ? apply_range(request, std::move(response)) : response;
}

}  // namespace qiao::imaging
