#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "http/multipart.hpp"
#include "imaging/dicomweb.hpp"

#include <sys/mman.h>
#include <unistd.h>
#include <cerrno>

namespace qiao::imaging {
namespace {

/// A spilled body, mapped as long as the handler works on it.
class Mapped {
public:
    explicit Mapped(const http::FileRange& range) {
        const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
        skip_ = range.offset % page;
        size_ = range.length + skip_;
        address_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, range.file->descriptor(), static_cast<off_t>(range.offset - skip_));
        if (address_ == MAP_FAILED) throw Error(ErrorKind::unavailable, "storage.failed", "the uploaded body cannot be read");
    }
    ~Mapped() { ::munmap(address_, size_); }
    Mapped(const Mapped&) = delete;
    Mapped& operator=(const Mapped&) = delete;
    [[nodiscard]] std::string_view bytes() const { return {static_cast<const char*>(address_) + skip_, size_ - skip_}; }

private:
    void* address_ = nullptr;
    std::uint64_t size_ = 0;
    std::uint64_t skip_ = 0;
};

/// PS3.18 table 10.5.3-2 and PS3.4: the failure reason of an outcome.
int reason_of(IngestResult::Outcome outcome) {
    switch (outcome) {
        case IngestResult::Outcome::stored: return 0;
        case IngestResult::Outcome::conflict: return 0xB000;
        case IngestResult::Outcome::unreadable: return 0xC000;
        case IngestResult::Outcome::mismatch: return 0xA900;
        case IngestResult::Outcome::syntax: return 0xC122;
        case IngestResult::Outcome::full: return 0xA700;
    }
    return 0x0110;
}

void put(JsonWriter& json, std::string_view tag, std::string_view vr, const std::string& value) {
    if (value.empty()) return;
    json.object(tag, [&] {
        json.field("vr", vr);
        json.array("Value", [&] { json.string(value); });
    });
}

void put_reason(JsonWriter& json, std::string_view tag, int reason) {
    json.object(tag, [&] {
        json.field("vr", "US");
        json.array("Value", [&] { json.number(reason); });
    });
}

std::string answer_of(const std::vector<IngestResult>& results) {
    JsonWriter json;
    const auto sequence = [&](std::string_view tag, bool kept) {
        json.object(tag, [&] {
            json.field("vr", "SQ");
            json.array("Value", [&] {
                for (const auto& result : results) {
                    const bool is_kept = result.outcome == IngestResult::Outcome::stored || result.outcome == IngestResult::Outcome::conflict;
                    if (is_kept != kept) continue;
                    json.object([&] {
                        put(json, "00081150", "UI", result.sop_class);
                        put(json, "00081155", "UI", result.sop_instance);
                        if (kept) put(json, "00081190", "UR", "/dicomweb/studies/" + result.study);
                        if (result.outcome == IngestResult::Outcome::conflict) put_reason(json, "00081196", reason_of(result.outcome));
                        if (!kept) put_reason(json, "00081197", reason_of(result.outcome));
                    });
                }
            });
        });
    };
    std::string study;
    bool any_kept = false;
    bool any_failed = false;
    for (const auto& result : results) {
        const bool kept = result.outcome == IngestResult::Outcome::stored || result.outcome == IngestResult::Outcome::conflict;
        (kept ? any_kept : any_failed) = true;
        if (kept) study = result.study;
    }
    json.object([&] {
        if (!study.empty()) put(json, "00081190", "UR", "/dicomweb/studies/" + study);
        if (any_failed) sequence("00081198", false);
        if (any_kept) sequence("00081199", true);
    });
    return json.take();
}

struct Upload {
    std::string_view bytes;
    std::string syntax;
};

std::vector<Upload> uploads_of(std::string_view content_type, std::string_view body) {
    const auto type = lower(trim(content_type.substr(0, content_type.find(';'))));
    const auto unsupported = [](const std::string& found) {
        return Error(ErrorKind::invalid, "http.media_type", "cannot store " + (found.empty() ? "a body without type" : found) + ": send application/dicom");
    };
    if (type == "application/dicom") return {{body, http::header_parameter(content_type, "transfer-syntax")}};
    if (type != "multipart/related") throw unsupported(type);
    const auto inner = lower(http::header_parameter(content_type, "type"));
    if (inner != "application/dicom") throw unsupported(inner);
    const auto boundary = http::multipart_boundary(content_type);
    if (!boundary) throw Error(ErrorKind::invalid, "dicom.bad_multipart", boundary.error().message);
    const auto parts = http::parse_multipart(body, *boundary);
    if (!parts) throw Error(ErrorKind::invalid, "dicom.bad_multipart", parts.error().message);
    if (parts->empty()) throw Error(ErrorKind::invalid, "dicom.bad_multipart", "the body has no parts");
    std::vector<Upload> uploads;
    for (const auto& part : *parts)
        uploads.push_back({body.substr(part.offset, part.length), http::header_parameter(part.header("content-type"), "transfer-syntax")});
    return uploads;
}

}  // namespace

http::Response Dicomweb::store(const http::Request& request) {
    const auto viewer = ports_.viewer(request);
    const auto source = ports_.uploader ? ports_.uploader(request, viewer) : std::nullopt;
    if (!source) throw Error(ErrorKind::forbidden, "dicom.may_not_store", "this account may not store images");
    const auto encoding = lower(request.header("content-encoding"));
    if (!encoding.empty() && encoding != "identity") throw Error(ErrorKind::invalid, "http.content_encoding", "a compressed body is not taken");
    std::optional<Mapped> mapped;
    if (request.body_file) mapped.emplace(*request.body_file);
    const auto body = mapped ? mapped->bytes() : std::string_view(request.body);
    std::vector<IngestResult> results;
    std::set<std::string> studies;
    std::size_t kept = 0;
    bool full = false;
    bool conflict = false;
    for (const auto& upload : uploads_of(request.header("content-type"), body)) {
        results.push_back(archive_.ingest_file(upload.bytes, upload.syntax, *source, request.param("study")));
        const auto& result = results.back();
        full |= result.outcome == IngestResult::Outcome::full;
        conflict |= result.outcome == IngestResult::Outcome::conflict;
        if (result.outcome == IngestResult::Outcome::stored) studies.insert(result.study);
        if (result.outcome == IngestResult::Outcome::stored || result.outcome == IngestResult::Outcome::conflict)
            ++kept;
        else
            archive_.note_refusal(source->ae, request.peer_address, result);
    }
    archive_.release(studies);
    http::Response response;
    response.content_type = "application/dicom+json";
    response.body = answer_of(results);
    response.status = kept == results.size() && !conflict ? 200 : kept > 0 ? 202 : full ? 507 : 409;
    return response;
}

}  // namespace qiao::imaging
