#include "flow/uploads.hpp"

#include "base/digest.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "flow/audio_bytes.hpp"
#include "flow/document_bytes.hpp"
#include "flow/flow_store.hpp"
#include "flow/image_bytes.hpp"
#include "storage/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace qiao::flow {

namespace {

using json::Value;

constexpr std::chrono::hours kUnfinished{7 * 24};
constexpr int kKeyImageSide = 4096;  ///< it is drawn into the PDF of the opinion
constexpr std::string_view kKinds = "photo film ecg lab document voice consent_signature consent_print consent_paper key_image";
constexpr std::string_view kPictures = "image/jpeg image/png image/webp";
constexpr std::string_view kPdf = "application/pdf";
constexpr std::string_view kSounds = "audio/webm audio/ogg";
constexpr std::int64_t kVoice_bytes = 2LL << 20;        ///< a minute of speech is a tenth of it
constexpr std::chrono::milliseconds kVoiceMax{61'000};  ///< a minute, and what a recorder needs to stop
constexpr std::string_view kPhotoKinds = "photo film ecg lab";

/// Closes with the scope.
struct Descriptor {
    int number;
    explicit Descriptor(int opened) : number(opened) {
        if (number < 0) {
            storage::throw_errno(errno, "open of an upload");
        }
    }
    ~Descriptor() { ::close(number); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
};

void require_may_add(const Engine& engine, const record::Caller& caller, const Visible& visible, std::string_view kind) {
    if (visible.level != Visible::Level::full) {
        throw Error(ErrorKind::not_found, "flow.no_case", "no such case");
    }
    if (visible.item.ended) {
        throw Error(ErrorKind::conflict, "flow.ended", "the case has ended");
    }
    for (const std::string& role : engine.roles_of(visible.item, caller.actor)) {
        if (role == "requester" ? kind != "key_image" : has_word("expert lead_expert", role) && kind == "key_image") {
            return;
        }
    }
    throw Error(ErrorKind::forbidden, "flow.not_yours", "this kind of attachment is added by somebody else");
}

void check_request(const Value& request) {
    FieldCheck check;
    for (const char* name : {"upload_id", "kind", "content_type"}) {
        check.require(request, name);
    }
    check.one_of(request, "kind", kKinds);
    const std::string& kind = request["kind"].text();
    const std::string& type = request["content_type"].text();
    const bool is_paper = (kind == "document" && !extension_of(type).empty()) || (kind == "consent_paper" && type == kPdf);
    if (!is_paper) {
        check.one_of(request, "content_type", kind == "voice" ? kSounds : kPictures);
    }
    const std::int64_t size = request["size_bytes"].integer().value_or(0);
    if (size < 1) {
        check.refuse("flow.missing_field", "size_bytes", "required");
    }
    if (!is_fhir_id(request["upload_id"].text()) || request["upload_id"].text().size() < 16) {
        check.refuse("flow.bad_field", "upload_id", "a UUID made by the client");
    }
    check.text_limit(request, "title", 200);
    check.text_limit(request, "taken", 40);
    check.throw_if_any();
    if (const std::int64_t most = kind == "voice" ? kVoice_bytes : kAttachment_bytes; size > most) {
        throw Error(ErrorKind::too_large, "flow.too_large", fmt::format("an attachment of this kind is at most {} bytes", most));
    }
}

Value media_of(const Move& move, const Attachment& one) {
    Value content = Value::object(
        {{"contentType", one.content_type}, {"url", fmt::format("/flow/cases/{}/attachments/{}", move.item.id, one.n)}, {"size", one.size_bytes}});
    if (!one.title.empty()) {
        content.set("title", one.title);
    }
    const Value subject = Value::object({{"reference", move.item.patient}});
    if (one.kind == "document" || is_of_consent(one.kind)) {
        Value document = Value::object({{"resourceType", "DocumentReference"}, {"status", "current"}, {"type", Value::object({{"text", one.kind}})}});
        document.set("subject", subject);
        document.set("date", format_instant(move.now));
        document.set("author", Value::array({move.person_ref(move.actor.person)}));
        document.set("content", Value::array({Value::object({{"attachment", std::move(content)}})}));
        return document;
    }
    Value media =
        Value::object({{"resourceType", "Media"}, {"basedOn", Value::array({Value::object({{"reference", move.item.request}})})}, {"status", "completed"}});
    media.set("type", Value::object({{"text", one.kind}}));
    media.set("subject", subject);
    media.set("createdDateTime", parse_instant(one.taken) ? one.taken : format_instant(move.now));
    media.set("issued", format_instant(move.now));
    media.set("operator", move.person_ref(move.actor.person));
    if (one.seconds > 0) {
        media.set("duration", one.seconds);
    } else {
        media.set("width", one.width);
        media.set("height", one.height);
    }
    media.set("content", std::move(content));
    return media;
}

Error bad_bytes(std::string_view code, const ParseError& error) {
    return Error(ErrorKind::invalid, code, fmt::format("{} at byte {}", error.message, error.offset));
}

/// What the bytes are, whatever was announced; of a picture only what shows it is kept.
std::optional<Error> look_at(std::string_view announced, Attachment& one, std::string& bytes) {
    if (one.kind == "voice") {
        const Result<Sound> sound = sniff_sound(bytes);
        if (!sound) {
            return bad_bytes("flow.bad_audio", sound.error());
        }
        if (sound->length > kVoiceMax) {
            return Error(ErrorKind::invalid, "flow.voice_too_long", "a voice note is at most 60 seconds");
        }
        one.content_type = sound->content_type;
        one.seconds = static_cast<int>(std::max<std::int64_t>(1, (sound->length.count() + 500) / 1000));
        return std::nullopt;
    }
    if (has_word("document consent_paper", one.kind) && !extension_of(announced).empty()) {
        const Result<Paper> paper = sniff_paper(bytes);
        if (!paper) {
            return bad_bytes("flow.bad_document", paper.error());
        }
        if (one.kind == "consent_paper" && paper->content_type != kPdf) {
            return Error(ErrorKind::invalid, "flow.bad_document", "a consent on paper is a picture or a PDF");
        }
        one.content_type = paper->content_type;
        return std::nullopt;
    }
    Result<Picture> picture = clean_picture(bytes);
    if (!picture) {
        return bad_bytes("flow.bad_image", picture.error());
    }
    if (one.kind == "key_image" && (picture->content_type != "image/png" || picture->width > kKeyImageSide || picture->height > kKeyImageSide)) {
        return Error(ErrorKind::invalid, "flow.bad_image", fmt::format("a key image is a PNG of at most {} pixels a side", kKeyImageSide));
    }
    one.content_type = picture->content_type;
    one.width = picture->width;
    one.height = picture->height;
    bytes = std::move((*std::move(picture)).bytes);
    return std::nullopt;
}

}  // namespace

Uploads::Uploads(Engine& engine, std::string folder) : engine_(engine), folder_(std::move(folder)) { storage::make_folder(folder_); }

std::string Uploads::path_of(std::string_view upload_id) const { return folder_ + "/" + to_hex(sha256(upload_id)).substr(0, 32); }

Uploads::State Uploads::open(const record::Caller& caller, std::string_view case_id, const Value& request) {
    check_request(request);
    const Visible visible = engine_.open(caller, case_id);
    const std::string id = request["upload_id"].text();
    std::optional<store::Upload> present;
    int photos = 0;
    int all = 0;
    {
        const auto snapshot = engine_.ground().database.read();
        present = store::find_upload(snapshot->connection(), id);
        for (const Attachment& one : store::attachments_of(snapshot->connection(), case_id)) {
            ++all;
            photos += has_word(kPhotoKinds, one.kind) ? 1 : 0;
        }
        all += store::count_uploads(snapshot->connection(), case_id);
    }
    if (present) {
        return find(caller, case_id, id);
    }
    require_may_add(engine_, caller, visible, request["kind"].text());
    if (all >= kAttachmentsMax || (has_word(kPhotoKinds, request["kind"].text()) && photos >= kPhotosMax)) {
        throw Error(ErrorKind::too_large, "flow.too_many_attachments", fmt::format("at most {} photos and {} attachments a case", kPhotosMax, kAttachmentsMax));
    }
    const store::Upload upload{id, std::string(case_id),        caller.actor.person, request.dump(), *request["size_bytes"].integer(), 0,
                               0,  engine_.ground().clock.now()};
    engine_.ground().writer.submit({{}, [&](storage::Group& group) { store::put_upload(group.connection(), upload); }});
    return {id, 0, upload.size_bytes, std::nullopt, true};
}

Uploads::State Uploads::find(const record::Caller& caller, std::string_view case_id, std::string_view upload_id) const {
    const auto snapshot = engine_.ground().database.read();
    const std::optional<store::Upload> upload = store::find_upload(snapshot->connection(), upload_id);
    if (!upload || upload->case_id != case_id || upload->person != caller.actor.person) {
        throw Error(ErrorKind::not_found, "flow.no_upload", "no such upload");
    }
    State state{upload->id, upload->offset_bytes, upload->size_bytes, std::nullopt};
    if (upload->attachment != 0) {
        state.attachment = store::find_attachment(snapshot->connection(), case_id, upload->attachment);
    }
    return state;
}

Uploads::State Uploads::append(const record::Caller& caller, std::string_view case_id, std::string_view upload_id, std::int64_t offset,
                               std::string_view bytes) {
    State state = find(caller, case_id, upload_id);
    if (state.attachment) {
        return state;
    }
    if (offset != state.offset_bytes) {
        throw Error(ErrorKind::conflict, "flow.upload_offset", std::to_string(state.offset_bytes));
    }
    if (bytes.size() > static_cast<std::size_t>(state.size_bytes - offset)) {
        throw Error(ErrorKind::too_large, "flow.too_large", "more bytes than the upload announced");
    }
    const Visible visible = engine_.open(caller, case_id);
    {
        // What was written after the last durable offset is written again: the row counts, not the length of the file.
        const Descriptor file(::open(path_of(upload_id).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        std::size_t done = 0;
        while (done < bytes.size()) {
            const ssize_t wrote = ::pwrite(file.number, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset) + static_cast<off_t>(done));
            if (wrote < 0) {
                storage::throw_errno(errno, "write of an upload");
            }
            done += static_cast<std::size_t>(wrote);
        }
        if (::fdatasync(file.number) != 0) {
            storage::throw_errno(errno, "sync of an upload");
        }
    }
    storage::sync_folder(folder_);
    store::Upload upload;
    {
        const auto snapshot = engine_.ground().database.read();
        upload = *store::find_upload(snapshot->connection(), upload_id);
    }
    upload.offset_bytes = offset + static_cast<std::int64_t>(bytes.size());
    engine_.ground().writer.submit({[&](storage::Group& group) {
                                        const auto present = store::find_upload(group.connection(), upload_id);
                                        if (!present || present->offset_bytes != offset) {
                                            throw Error(ErrorKind::conflict, "flow.upload_offset", std::to_string(present ? present->offset_bytes : 0));
                                        }
                                    },
                                    [&](storage::Group& group) { store::put_upload(group.connection(), upload); }});
    state.offset_bytes = upload.offset_bytes;
    if (state.offset_bytes == state.size_bytes) {
        state.attachment = complete(caller, visible, upload.id, *json::parse(upload.request));
    }
    return state;
}

Attachment Uploads::complete(const record::Caller& caller, const Visible& visible, const std::string& upload_id, const Value& request) {
    std::string bytes = storage::read_file(path_of(upload_id));
    bytes.resize(std::min(bytes.size(), static_cast<std::size_t>(*request["size_bytes"].integer())));
    if (is_given(request["sha256"]) && lower(request["sha256"].text()) != to_hex(sha256(bytes))) {
        drop(upload_id);
        throw Error(ErrorKind::invalid, "flow.digest_mismatch", "the bytes are not those that were announced");
    }
    Attachment one;
    one.kind = request["kind"].text();
    if (request["film"].truth() && one.kind == "photo") {
        one.kind = "film";
    }
    one.title = request["title"].text();
    one.taken = request["taken"].text();
    one.added_by = caller.actor.person;
    one.added = engine_.ground().clock.now();
    one.key_image = request["key_image"].is_object() ? request["key_image"].dump() : "";
    if (const std::optional<Error> refused = look_at(request["content_type"].text(), one, bytes)) {
        drop(upload_id);
        throw Error(*refused);
    }
    one.size_bytes = static_cast<std::int64_t>(bytes.size());
    one.sha256 = engine_.ground().blobs.put(bytes);
    {
        const auto snapshot = engine_.ground().database.read();
        one.n = store::next_attachment(snapshot->connection(), visible.item.id);
    }
    engine_.change(caller, visible, [&](Move& move) {
        one.resource = move.create(media_of(move, one), "attachment");
        move.work.check([id = move.item.id, n = one.n, is_photo = has_word(kPhotoKinds, one.kind)](storage::Group& group) {
            if (store::next_attachment(group.connection(), id) != n) {
                throw Error(ErrorKind::conflict, "flow.upload_offset", "another attachment came in the same moment; send the last piece again");
            }
            const std::vector<Attachment> present = store::attachments_of(group.connection(), id);
            const auto photos = std::count_if(present.begin(), present.end(), [](const Attachment& other) { return has_word(kPhotoKinds, other.kind); });
            if (is_photo && photos >= kPhotosMax) {
                throw Error(ErrorKind::too_large, "flow.too_many_attachments", fmt::format("at most {} photos a case", kPhotosMax));
            }
        });
        move.also([&one, upload_id, id = move.item.id](storage::Group& group) {
            store::put_attachment(group.connection(), id, one);
            store::Upload done = *store::find_upload(group.connection(), upload_id);
            done.attachment = one.n;
            store::put_upload(group.connection(), done);
        });
    });
    ::unlink(path_of(upload_id).c_str());
    return one;
}

void Uploads::drop(std::string_view upload_id) {
    engine_.ground().writer.submit({{}, [&](storage::Group& group) { store::remove_upload(group.connection(), upload_id); }});
    ::unlink(path_of(upload_id).c_str());
}

void Uploads::remove_attachment(const record::Caller& caller, std::string_view case_id, int n) {
    const Visible visible = engine_.open(caller, case_id);
    std::optional<Attachment> one;
    {
        const auto snapshot = engine_.ground().database.read();
        one = store::find_attachment(snapshot->connection(), case_id, n);
    }
    if (!one || visible.level != Visible::Level::full) {
        throw Error(ErrorKind::not_found, "flow.no_attachment", "no such attachment");
    }
    if (one->added_by != caller.actor.person) {
        throw Error(ErrorKind::forbidden, "flow.not_yours", "who added an attachment takes it away");
    }
    if (one->signed_over || (visible.item.state != "draft" && one->kind != "key_image")) {
        throw Error(ErrorKind::conflict, "signing.closed", "the attachment is part of what was sent");
    }
    engine_.change(caller, visible, [&](Move& move) {
        json::Value resource = move.read(one->resource);
        resource.set("status", "entered-in-error");
        move.replace(one->resource, std::move(resource));
        move.drop_item(one->resource);
        move.also([id = move.item.id, n](storage::Group& group) { store::remove_attachment(group.connection(), id, n); });
    });
}

void Uploads::sweep() {
    std::vector<std::string> old;
    {
        const auto snapshot = engine_.ground().database.read();
        old = store::stale_uploads(snapshot->connection(), engine_.ground().clock.now() - kUnfinished);
    }
    for (const std::string& id : old) {
        drop(id);
    }
}

}  // namespace qiao::flow
