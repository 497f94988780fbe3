#include "imaging/association.hpp"

#include "base/error.hpp"
#include "base/log.hpp"
#include "imaging/dicom_server.hpp"
#include "imaging/transfer_syntax.hpp"

namespace qiao::imaging {
namespace {

constexpr std::string_view kVerification = "1.2.840.10008.1.1";
constexpr std::size_t kSocketBuffer_bytes = 256 * 1024;
constexpr std::size_t kCommandLimit_bytes = 64 * 1024;
constexpr int kNotedLimit = 100;  // refusals an association that become rows
constexpr std::chrono::seconds kObjectTime{60};
constexpr std::uint64_t kSlowest_bytes_per_s = 1'024;

// PS3.7 annex C and PS3.4 B.2.3
constexpr std::uint16_t kSuccess = 0x0000, kOutOfResources = 0xA700, kNoMatch = 0xA900, kConflict = 0xB000, kCannotUnderstand = 0xC000,
                        kUnknownOperation = 0x0211;

std::uint16_t status_of(IngestResult::Outcome outcome) {
    switch (outcome) {
        case IngestResult::Outcome::stored: return kSuccess;
        case IngestResult::Outcome::conflict: return kConflict;
        case IngestResult::Outcome::mismatch: return kNoMatch;
        case IngestResult::Outcome::full: return kOutOfResources;
        case IngestResult::Outcome::unreadable:
        case IngestResult::Outcome::syntax: break;
    }
    return kCannotUnderstand;
}

/// A title as a row may show it: what a stranger sends may be any bytes.
std::string printable(std::string title) {
    for (char& c : title) c = c < ' ' || c > '~' ? '?' : c;
    return title;
}

/// What the sender has compressed comes first, in its order; then explicit before implicit little endian.
std::string choose(const std::vector<std::string>& offered) {
    std::string native;
    for (const auto& uid : offered) {
        const auto syntax = transfer_syntax(uid);
        if (!syntax.stored) continue;
        if (syntax.encapsulated) return uid;
        if (native.empty() || uid == kExplicitLittle) native = uid;
    }
    return native;
}

}  // namespace

Association::Association(DicomServer& server, Socket& socket)
    : server_(server), socket_(socket), address_(peer_address(socket)), buffer_(server.objects_.folder()) {}

Association::~Association() {
    if (entered_) server_.leave(calling_);
}

void Association::run() {
    std::string buffer(kSocketBuffer_bytes, '\0');
    auto last = std::chrono::steady_clock::now();
    bool open = true;
    while (open) {
        std::size_t got = 0;
        const auto read = socket_.read(buffer, got, std::chrono::milliseconds(250));
        if (read == Socket::Read::closed) break;
        if (read == Socket::Read::timeout) {
            const bool draining = server_.stopping_ && !receiving_;
            if (!draining && std::chrono::steady_clock::now() - last < server_.options_.idle) continue;
            abort(0);
            break;
        }
        last = std::chrono::steady_clock::now();
        reader_.feed(std::string_view(buffer).substr(0, got));
        for (;;) {
            const auto pdu = reader_.next();
            if (!pdu) {
                note_refusal("association", pdu.error().message);
                abort(1);
                open = false;
                break;
            }
            if (!*pdu) break;
            open = handle(**pdu);
            if (!open) break;
        }
        if (open && too_slow()) {
            note_refusal("association", std::string(refusal::kTooSlow));
            abort(0);
            open = false;
        }
    }
    if (objects_ > 0) note_use([this](ObjectSink& objects) { objects.note_objects(ae_, objects_, last_object_); });
    server_.objects_.release(studies_);
}

/// A boundary: what the device did is told to the operator; the device's work does not depend on it.
void Association::note_use(const std::function<void(ObjectSink&)>& note) {
    try {
        note(server_.objects_);
    } catch (const Error& error) {
        log::error("imaging.use_not_noted", {{"code", error.code()}});
    }
}

bool Association::too_slow() const {
    if (!receiving_) return false;
    const auto elapsed = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - receiving_->began);
    return elapsed > kObjectTime && buffer_.size() / static_cast<std::uint64_t>(elapsed.count()) < kSlowest_bytes_per_s;
}

bool Association::send(std::string_view bytes) { return socket_.write(bytes, server_.options_.write); }

bool Association::abort(std::uint8_t reason) {
    send(abort_pdu(2, reason));
    return false;
}

bool Association::reject(std::uint8_t result, std::uint8_t source, std::uint8_t reason, const std::string& why) {
    server_.rejected_.add();
    note_refusal("association", why);
    send(associate_reject(result, source, reason));
    return false;
}

/// A boundary: the row is for the operator; without it the peer still gets its answer.
void Association::note_refusal(const std::string& kind, const std::string& why, const std::string& sop_uid) {
    if (++noted_ > kNotedLimit) return;
    log::warning("imaging.refused", {{"kind", kind}, {"reason", why}});
    try {
        server_.objects_.note_refusal(
            {server_.objects_.clock().now(), printable(calling_), printable(called_), address_, kind, why, is_uid(sop_uid) ? sop_uid : std::string()});
    } catch (const Error& error) {
        log::error("imaging.refusal_not_noted", {{"code", error.code()}});
    }
}

bool Association::handle(const Pdu& pdu) {
    if (!associated_) return pdu.type == PduType::associate_request ? associate(pdu.body) : abort(2);
    switch (pdu.type) {
        case PduType::data: return data(pdu.body);
        case PduType::release_request: send(release_response()); return false;
        case PduType::abort: return false;
        default: return abort(2);
    }
}

std::optional<Source> Association::admit(const Associate& request, std::string& reason) {
    const bool local = is_loopback(address_);
    const auto listed = server_.options_.listed ? server_.options_.listed(request.calling, address_) : std::nullopt;
    if (listed) {
        ae_ = *listed;
        may_store_ = listed->may_store;
        return Source{listed->organisation, listed->title, listed->default_charset, listed->issuer};
    }
    if (server_.options_.loopback_organisation && local)
        return Source{*server_.options_.loopback_organisation, request.calling, server_.options_.loopback_charset, server_.options_.loopback_issuer};
    reason = refusal::kUnknownCaller;
    return std::nullopt;
}

bool Association::associate(std::string_view body) {
    const auto request = parse_associate(body, false);
    if (!request) {
        note_refusal("association", request.error().message);
        return abort(6);
    }
    calling_ = request->calling;
    called_ = request->called;
    if (called_ != server_.options_.ae_title) return reject(1, 1, 7, std::string(refusal::kWrongCalled));
    std::string reason;
    auto source = admit(*request, reason);
    if (!source) return reject(1, 1, 3, reason);
    if (server_.stopping_ || !server_.enter(calling_)) return reject(2, 3, 2, std::string(refusal::kTooMany));
    entered_ = true;
    source_ = *std::move(source);
    note_use([this](ObjectSink& objects) { objects.note_association(ae_, server_.objects_.clock().now()); });
    peer_limit_bytes_ = request->max_pdu_bytes;
    Associate answer;
    answer.called = called_;
    answer.calling = calling_;
    negotiate(*request, answer);
    associated_ = true;
    server_.accepted_.add();
    return send(associate_accept(answer));
}

void Association::negotiate(const Associate& request, Associate& answer) {
    for (const auto& offered : request.contexts) {
        PresentationContext result;
        result.id = offered.id;
        const bool echo = offered.abstract_syntax == kVerification;
        const auto syntax = choose(offered.transfer_syntaxes);
        if (!echo && !is_storage_class(offered.abstract_syntax))
            result.result = 3;
        else if (!echo && !may_store_)
            result.result = 1;
        else if (syntax.empty())
            result.result = 4;
        if (result.result == 4) note_refusal("association", std::string(refusal::kNoSyntax));
        // A refused context carries a syntax as well, without meaning (PS3.8 9.3.3.2).
        result.transfer_syntaxes.push_back(syntax.empty() ? std::string(kImplicitLittle) : syntax);
        if (result.result == 0) {
            contexts_[offered.id] = {offered.abstract_syntax, syntax};
            if (!echo && !offered.abstract_syntax.starts_with("1.2.840.10008.")) log::info("imaging.private_class", {{"class", offered.abstract_syntax}});
        }
        answer.contexts.push_back(std::move(result));
    }
}

bool Association::data(std::string_view body) {
    const auto values = parse_data(body);
    if (!values) {
        note_refusal("association", values.error().message);
        return abort(6);
    }
    for (const auto& value : *values) {
        if (!contexts_.contains(value.context)) return abort(6);
        if (value.is_command) {
            if (receiving_ || command_.size() + value.bytes.size() > kCommandLimit_bytes) return abort(6);
            command_ += value.bytes;
            command_context_ = value.context;
            if (value.is_last && !command_arrived(value.context)) return false;
        } else {
            if (!receiving_ || receiving_->context != value.context) return abort(2);
            take_data(value.bytes);
            if (buffer_.size() > server_.options_.object_bytes) {
                note_refusal("object", "the object exceeds the limit", receiving_->command.sop_instance);
                return abort(0);
            }
            if (value.is_last && !end_object()) return false;
        }
    }
    return true;
}

bool Association::command_arrived(std::uint8_t context) {
    const auto command = parse_command(command_);
    command_.clear();
    if (!command) {
        note_refusal("association", command.error().message);
        return abort(6);
    }
    if (command->field == kCancelRequest) return true;
    if (command->dataset_type != 0x0101) return begin_object(*command, context);
    if (command->field == kEchoRequest) return answer(context, *command, kEchoResponse, kSuccess, {});
    return answer(context, *command, static_cast<std::uint16_t>(command->field | 0x8000U), kUnknownOperation, {});
}

bool Association::begin_object(const Command& command, std::uint8_t context) {
    const auto& admitted = contexts_.at(context);
    const auto syntax = transfer_syntax(admitted.transfer_syntax);
    buffer_.clear();
    receiving_.emplace();
    auto& object = *receiving_;
    object.command = command;
    object.context = context;
    object.began = std::chrono::steady_clock::now();
    object.meta.transfer_syntax = admitted.transfer_syntax;
    object.meta.sop_class = command.sop_class;
    object.meta.sop_instance = command.sop_instance;
    if (command.field != kStoreRequest) {
        object.refusal = "an operation that is not served";
        object.status = kUnknownOperation;
    } else if (!server_.objects_.has_room()) {
        object.refusal = std::string(refusal::kDiskFull);
        object.status = kOutOfResources;
    } else {
        object.walker.emplace(WalkOptions{.implicit = syntax.implicit, .encapsulated = syntax.encapsulated, .site_charset = source_.charset});
    }
    return true;
}

void Association::take_data(std::string_view bytes) {
    auto& object = *receiving_;
    if (!object.refusal.empty()) return;
    if (const auto error = object.walker->feed(bytes)) {
        object.refusal = error->message;
        object.status = kCannotUnderstand;
        buffer_.clear();
        return;
    }
    object.digest.update(bytes);
    // A boundary: a full spill folder refuses this object, not the association.
    try {
        buffer_.append(bytes);
    } catch (const Error& error) {
        object.refusal = error.code() == "storage.full" ? std::string(refusal::kDiskFull) : "the storage does not answer";
        object.status = kOutOfResources;
        buffer_.clear();
    }
}

bool Association::end_object() {
    auto object = std::move(*receiving_);
    receiving_.reset();
    const auto field = static_cast<std::uint16_t>(object.command.field | 0x8000U);
    if (object.refusal.empty()) {
        const auto walked = object.walker->finish();
        if (!walked) {
            object.refusal = walked.error().message;
            object.status = kCannotUnderstand;
        } else {
            const auto result = server_.objects_.ingest(*walked, object.meta, buffer_.view(), object.digest.finish(), source_);
            object.status = status_of(result.outcome);
            object.refusal = result.reason;
            if (result.outcome == IngestResult::Outcome::stored) {
                studies_.insert(result.study);
                ++objects_;
                last_object_ = server_.objects_.clock().now();
            }
        }
    }
    buffer_.clear();
    if (!object.refusal.empty()) note_refusal("object", object.refusal, object.command.sop_instance);
    return answer(object.context, object.command, field, object.status, object.refusal);
}

bool Association::answer(std::uint8_t context, const Command& request, std::uint16_t field, std::uint16_t status, const std::string& comment) {
    Command response;
    response.field = field;
    response.responded_id = request.message_id;
    response.status = status;
    response.sop_class = request.sop_class;
    response.sop_instance = request.sop_instance;
    response.comment = comment;
    return send(data_pdus(context, true, command_bytes(response), peer_limit_bytes_));
}

}  // namespace qiao::imaging
