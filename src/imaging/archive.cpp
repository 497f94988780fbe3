#include "imaging/archive.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "imaging/transfer_syntax.hpp"
#include "storage/file.hpp"

#include <sys/statvfs.h>
#include <charconv>

namespace qiao::imaging {
namespace {

constexpr std::size_t kOpenSegments = 64;

/// What the index needs besides the object's own bytes: kept with them, so that packs alone rebuild it.
std::string pack_key(std::string_view sop_uid, Instant received, const Source& source) {
    return std::string(sop_uid) + '\t' + std::to_string(to_us(received)) + '\t' + std::to_string(source.organisation) + '\t' + source.ae + '\t' +
           source.charset + '\t' + source.issuer;
}

std::int64_t number(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

IngestResult named(const Walked& walked, const FileMeta& meta) {
    IngestResult result;
    result.sop_class = walked.first(tag::kSopClassUid);
    result.sop_instance = walked.first(tag::kSopInstanceUid);
    result.study = walked.first(tag::kStudyUid);
    result.outcome = IngestResult::Outcome::unreadable;
    if (!is_uid(result.sop_instance) || !is_uid(result.sop_class))
        result.reason = "the SOP class or instance UID is missing or wrong";
    else if (!is_uid(result.study))
        result.reason = "the study instance UID is missing or wrong";
    else if (!is_uid(walked.first(tag::kSeriesUid)))
        result.reason = "the series instance UID is missing or wrong";
    else
        result.outcome = IngestResult::Outcome::stored;
    if (result.outcome == IngestResult::Outcome::stored && !meta.sop_instance.empty() && meta.sop_instance != result.sop_instance) {
        result.outcome = IngestResult::Outcome::mismatch;
        result.reason = "the object is not the one that was announced";
    }
    return result;
}

std::string instance_path(const Instance& instance) {
    return "/dicomweb/studies/" + instance.study_uid + "/series/" + instance.series_uid + "/instances/" + instance.uid;
}

Archive::Archive(ArchiveOptions options, const Clock& clock, Metrics& metrics)
    : options_(std::move(options)),
      clock_(clock),
      store_((storage::make_folder(options_.folder), options_.index_place), options_.record_place, clock, metrics),
      pack_(options_.folder + "/packs"),
      stored_(metrics.counter("qiao_dicom_objects_total", R"(result="stored")")),
      refused_(metrics.counter("qiao_dicom_objects_total", R"(result="refused")")) {
    recover();
}

Archive::~Archive() {
    if (thread_.joinable()) {
        thread_.request_stop();
        wake_.notify_all();
        thread_.join();
    }
    save_watermark();
}

void Archive::recover() {
    if (options_.rebuild) store_.clear_index();
    const auto known = store_.indexed_segments();
    highest_ = known;
    const auto damaged = pack_.scan(known, [this](const storage::PackRecord& record, std::string_view content) { index_record(record, content); });
    if (damaged > 0) log::error("imaging.packs_damaged", {{"records", static_cast<std::int64_t>(damaged)}});
    watermark_ = highest_;
    watermark_changed_ = watermark_ != known;
    save_watermark();
    for (const auto& left : store_.pending()) waiting_[left.study_id] = {left.changed_us, std::chrono::steady_clock::now()};
}

void Archive::index_record(const storage::PackRecord& record, std::string_view content) {
    highest_[record.place.segment] = record.place.end;
    const auto fields = split(record.key, '\t');
    if (fields.size() != 6) return;
    if (store_.digest_of(fields[0]) == record.sha256) return;
    const auto meta = read_file_meta(content);
    if (!meta) return;
    const auto syntax = transfer_syntax(meta->transfer_syntax);
    const auto walked =
        walk(content.substr(meta->dataset_offset), {.implicit = syntax.implicit, .encapsulated = syntax.encapsulated, .site_charset = std::string(fields[4])});
    if (!walked) {
        log::error("imaging.pack_unreadable", {{"segment", std::int64_t{record.place.segment}}, {"offset", static_cast<std::int64_t>(record.place.offset)}});
        return;
    }
    const Source source{number(fields[2]), std::string(fields[3]), std::string(fields[4]), std::string(fields[5])};
    store_.insert({&*walked, *meta, record.place, std::string(record.sha256), source, from_us(number(fields[1]))});
}

void Archive::start(StudySink* sink) {
    sink_ = sink;
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

bool Archive::has_room() const {
    struct statvfs disk {};
    if (::statvfs(options_.folder.c_str(), &disk) != 0 || disk.f_blocks == 0) return true;
    const auto used = disk.f_blocks - disk.f_bfree;
    const auto usable = used + disk.f_bavail;
    return used * 100 < usable * static_cast<std::uint64_t>(options_.full_percent);
}

IngestResult Archive::ingest_file(std::string_view file, std::string_view syntax_hint, const Source& source, std::string_view study) {
    IngestResult result;
    auto meta = read_file_meta(file);
    if (!meta) {
        refused_.add();
        result.outcome = IngestResult::Outcome::unreadable;
        result.reason = meta.error().message;
        return result;
    }
    auto known = *meta;
    if (known.sop_class.empty() && !syntax_hint.empty()) known.transfer_syntax = syntax_hint;
    result.sop_class = known.sop_class;
    result.sop_instance = known.sop_instance;
    const auto syntax = transfer_syntax(known.transfer_syntax);
    if (!syntax.stored) {
        refused_.add();
        result.outcome = IngestResult::Outcome::syntax;
        result.reason = "the transfer syntax is not stored";
        return result;
    }
    const auto dataset = file.substr(known.dataset_offset);
    const auto walked = walk(dataset, {.implicit = syntax.implicit, .encapsulated = syntax.encapsulated, .site_charset = source.charset});
    if (!walked) {
        refused_.add();
        result.outcome = IngestResult::Outcome::unreadable;
        result.reason = walked.error().message;
        return result;
    }
    if (!study.empty() && walked->first(tag::kStudyUid) != study) {
        refused_.add();
        result.outcome = IngestResult::Outcome::mismatch;
        result.reason = "the object belongs to another study";
        return result;
    }
    return ingest(*walked, std::move(known), dataset, sha256(dataset), source);
}

void Archive::note_refusal(const std::string& caller, const std::string& address, const IngestResult& result) {
    log::warning("imaging.refused", {{"kind", "object"}, {"reason", result.reason}});
    // A boundary: the row is for the operator; the sender's answer does not depend on it.
    try {
        store_.add_refusal({clock_.now(), caller, "", address, "object", result.reason, is_uid(result.sop_instance) ? result.sop_instance : std::string()});
    } catch (const Error& error) {
        log::error("imaging.refusal_not_noted", {{"code", error.code()}});
    }
}

IngestResult Archive::ingest(const Walked& walked, FileMeta meta, std::string_view dataset, std::string digest, const Source& source) {
    began();
    // A boundary: one object that cannot be kept must not end the association or the request that carries others.
    IngestResult result;
    try {
        result = store_object(walked, std::move(meta), dataset, std::move(digest), source);
    } catch (const Error& error) {
        log::error("imaging.ingest_failed", {{"code", error.code()}});
        result.outcome = IngestResult::Outcome::full;
        result.reason = error.code() == "storage.full" ? refusal::kDiskFull : std::string_view("the storage does not answer");
    }
    ended();
    const bool kept = result.outcome == IngestResult::Outcome::stored || result.outcome == IngestResult::Outcome::conflict;
    (kept ? stored_ : refused_).add();
    return result;
}

IngestResult Archive::store_object(const Walked& walked, FileMeta meta, std::string_view dataset, std::string digest, const Source& source) {
    IngestResult result = named(walked, meta);
    if (result.outcome != IngestResult::Outcome::stored) return result;
    if (store_.digest_of(result.sop_instance) == digest) return result;
    if (!has_room()) {
        result.outcome = IngestResult::Outcome::full;
        result.reason = refusal::kDiskFull;
        return result;
    }
    meta.sop_class = result.sop_class;
    meta.sop_instance = result.sop_instance;
    meta.source_ae = source.ae;
    const auto prefix = make_file_meta(meta);
    meta.dataset_offset = prefix.size();
    const auto received = clock_.now();
    const auto place = pack_.append(pack_key(result.sop_instance, received, source), digest, {prefix, dataset});
    const auto stored = store_.insert({&walked, std::move(meta), place, std::move(digest), source, received});
    {
        const std::lock_guard lock(mutex_);
        auto& end = highest_[place.segment];
        end = std::max(end, place.end);
    }
    if (stored.outcome == StoreOutcome::conflict) {
        result.outcome = IngestResult::Outcome::conflict;
        result.reason = refusal::kContradicts;
    }
    if (stored.outcome == StoreOutcome::stored) {
        const std::lock_guard lock(mutex_);
        auto& waiting = waiting_[stored.study_id];
        waiting = {std::max(waiting.changed_us, to_us(received)), std::chrono::steady_clock::now() + options_.quiet};
    }
    return result;
}

void Archive::began() {
    const std::lock_guard lock(mutex_);
    ++in_flight_;
}

/// When nothing is in flight, every record before the highest ends is indexed: a later start need not read them.
void Archive::ended() {
    const std::lock_guard lock(mutex_);
    if (--in_flight_ > 0) return;
    watermark_ = highest_;
    watermark_changed_ = true;
}

void Archive::save_watermark() {
    std::map<std::uint32_t, std::uint64_t> ends;
    {
        const std::lock_guard lock(mutex_);
        if (!watermark_changed_) return;
        ends = watermark_;
        watermark_changed_ = false;
    }
    store_.set_indexed(ends);
}

std::shared_ptr<const http::OpenFile> Archive::segment(std::uint32_t number) {
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = segments_.find(number); found != segments_.end()) return found->second;
    }
    auto file = std::make_shared<const http::OpenFile>(pack_.open_segment(number));
    const std::lock_guard lock(mutex_);
    if (segments_.size() >= kOpenSegments) segments_.erase(segments_.begin());
    segments_[number] = file;
    return file;
}

http::FileRange Archive::range(const Instance& instance, std::uint64_t offset, std::uint64_t length) {
    return {segment(instance.segment), instance.byte_offset + instance.dataset_offset + offset, length};
}

std::string Archive::read_dataset(const Instance& instance, std::uint64_t offset, std::uint64_t length) const {
    if (offset > instance.byte_length - instance.dataset_offset || length > instance.byte_length - instance.dataset_offset - offset)
        throw Error(ErrorKind::internal, "imaging.index_damaged", "the index points outside an object");
    return pack_.read(instance.segment, instance.byte_offset + instance.dataset_offset + offset, length);
}

Walked Archive::walk_header(const Instance& instance, JsonScope scope) const {
    const auto syntax = transfer_syntax(instance.syntax);
    DatasetWalker walker({.implicit = syntax.implicit,
                          .encapsulated = syntax.encapsulated,
                          .site_charset = instance.site_charset,
                          .scope = scope,
                          .bulk_base = instance_path(instance) + "/bulkdata"});
    const auto size = instance.byte_length - instance.dataset_offset;
    std::optional<ParseError> error;
    if (instance.pixel_length == 0) {
        error = walker.feed(read_dataset(instance, 0, size));
    } else {
        error = walker.feed(read_dataset(instance, 0, instance.pixel_offset));
        const auto end = instance.pixel_offset + instance.pixel_length;
        if (!error) walker.jump(end);
        if (!error && end < size) error = walker.feed(read_dataset(instance, end, size - end));
    }
    auto walked = walker.finish();
    if (error || !walked) throw Error(ErrorKind::internal, "imaging.pack_damaged", "a stored object cannot be read any more");
    return std::move(*std::move(walked));
}

std::string Archive::header_json(const Instance& instance) const {
    auto json = walk_header(instance, JsonScope::all).json;
    // Viewers learn from it whether they can decode the pixels (PS3.3 C.12.1.1.3: AvailableTransferSyntaxUID).
    json.insert(json.size() - 1, R"(,"00083002":{"vr":"UI","Value":[")" + instance.syntax + "\"]}");
    return json;
}

}  // namespace qiao::imaging
