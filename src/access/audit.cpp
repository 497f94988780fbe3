#include "access/audit.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "storage/file.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>

namespace qiao::access {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMoved_rows = 500;  // a longer unit would hold up those who wait for a commit
constexpr std::uint64_t kJournalFile_bytes = 8U << 20U;
constexpr std::size_t kListed = 200;

/// The Ed25519 key that signs heads: made once, readable by the server alone.
std::string open_head_key(const std::string& folder) {
    const std::string file = folder + "/audit-head.key";
    if (::access(file.c_str(), F_OK) == 0) {
        std::string key = storage::read_file(file);
        if (key.size() != crypto_sign_SECRETKEYBYTES) throw Error(ErrorKind::internal, "access.audit_key", "audit-head.key is damaged");
        return key;
    }
    std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open_key{};
    std::string key(crypto_sign_SECRETKEYBYTES, '\0');
    crypto_sign_keypair(open_key.data(), reinterpret_cast<unsigned char*>(key.data()));
    storage::write_file_durably(file, key, 0400);
    storage::write_file_durably(folder + "/audit-head.pub", to_hex({reinterpret_cast<const char*>(open_key.data()), open_key.size()}) + "\n", 0444);
    return key;
}

/// Of an Ed25519 secret key of libsodium, in hex: its second half.
std::string public_half(std::string_view secret) { return to_hex(secret.substr(secret.size() - crypto_sign_PUBLICKEYBYTES)); }

/// Nodes of one database have journals of their own and note in it how far each file is: no two may have one number.
std::int64_t first_number(const storage::Database& database) {
    if (!database.shared()) return 1;
    std::int64_t number = 1;
    for (const char byte : random_bytes(6)) number = number * 256 + static_cast<unsigned char>(byte);
    return number;
}

std::string_view action_of(char operation) {
    switch (operation) {
        case 'C': return "create";
        case 'U': return "update";
        default: return "delete";
    }
}

std::string listed(std::string_view name, std::span<const record::Rid> numbers) {
    std::string text(name);
    text += '=';
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (i > 0) text += ',';
        text += std::to_string(numbers[i]);
    }
    return text;
}

std::span<const record::Rid> part_of(std::span<const record::Rid> numbers, std::size_t from) {
    return from >= numbers.size() ? std::span<const record::Rid>{} : numbers.subspan(from, std::min(kListed, numbers.size() - from));
}

AuditEvent event_of_read(AuditEvent event, std::string_view type, std::span<const record::Rid> resources, std::span<const record::Rid> patients) {
    event.type = type;
    const auto add = [&event](std::string_view name, std::span<const record::Rid> numbers) {
        if (!event.detail.empty()) event.detail += ' ';
        event.detail += listed(name, numbers);
    };
    if (resources.size() == 1) event.rid = resources.front();
    if (patients.size() == 1) event.patient = patients.front();
    if (resources.size() > 1) add("resources", resources);
    if (patients.size() > 1) add("patients", patients);
    return event;
}

}  // namespace

std::vector<std::int64_t> patients_of(const AuditEvent& event) {
    if (event.patient != 0) return {event.patient};
    std::vector<std::int64_t> patients;
    for (const std::string_view word : split(event.detail, ' ')) {
        if (!word.starts_with("patients=")) continue;
        for (const std::string_view number : split(word.substr(9), ',')) {
            std::int64_t rid = 0;
            const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), rid);
            if (error == std::errc() && end == number.data() + number.size() && rid > 0) patients.push_back(rid);
        }
    }
    return patients;
}

std::string audit_hash(std::int64_t seq, const AuditEvent& event, std::string_view prev) {
    Sha256 hash;
    hash.update("qiao-audit-1\n1\n" + std::to_string(seq) + "\n");
    hash.update(canonical_fields(event));
    hash.update(prev);
    return hash.finish();
}

std::string head_text(std::int64_t seq, std::string_view hash, Instant time) {
    return "qiao-audit-head-1 1 " + std::to_string(seq) + " " + to_hex(hash) + " " + format_instant(time);
}

Audit::Audit(storage::Database& database, storage::Writer& writer, const Clock& clock, std::string folder, const std::string& heads_to)
    : database_(database), writer_(writer), clock_(clock), folder_(std::move(folder)), journal_(folder_, first_number(database)) {
    if (sodium_init() < 0) throw Error(ErrorKind::internal, "access.sodium", "libsodium does not start");
    head_key_ = open_head_key(folder_);
    if (!heads_to.empty()) outside_ = std::make_unique<HeadsOutside>(heads_to, public_half(head_key_));
    load_positions();
    flush();
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Audit::~Audit() {
    thread_.request_stop();
    thread_.join();
    try {
        flush();
        write_head();
    } catch (const Error& error) {
        log::error("audit.last_move_failed", {{"code", error.code()}});  // the journal keeps it for the next start
    }
}

void Audit::run(const std::stop_token& stop) {
    auto next_move = std::chrono::steady_clock::now() + 500ms;
    auto next_head = std::chrono::steady_clock::now() + 60s;
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        wake_.wait_for(lock, stop, 40ms, [] { return false; });
        lock.unlock();
        try {
            const auto now = std::chrono::steady_clock::now();
            journal_.sync();
            if (now >= next_move) {
                flush();
                next_move = std::chrono::steady_clock::now() + 500ms;
            }
            if (now >= next_head) {
                write_head();
                next_head = now + 60s;
            }
        } catch (const Error& error) {
            log::error("audit.thread", {{"code", error.code()}});
            if (error.code() == "storage.failed") failed_ = true;
        }
        lock.lock();
    }
}

void Audit::attach(record::Ports& ports) {
    ports.on_write = [this](storage::Group& group, const record::Actor& actor, std::span<const record::Change> changes) {
        std::vector<AuditEvent> events;
        events.reserve(changes.size());
        for (const auto& change : changes) {
            AuditEvent event = event_of(actor, action_of(change.operation));
            event.patient = change.patient;
            event.type = change.type;
            event.rid = change.rid;
            event.version = change.version;
            events.push_back(std::move(event));
        }
        chain(group, events);
    };
    ports.on_read = [this](const record::Actor& actor, std::string_view what, std::string_view type, std::span<const record::Rid> resources,
                           std::span<const record::Rid> patients) {
        // A long list takes several rows: whoever was in it finds themselves.
        std::size_t from = 0;
        do {
            note(event_of_read(event_of(actor, what), type, part_of(resources, from), part_of(patients, from)));
            from += kListed;
        } while (from < std::max(resources.size(), patients.size()));
    };
}

AuditEvent Audit::event_of(const record::Actor& actor, std::string_view action, std::string_view outcome) const {
    AuditEvent event;
    event.recorded_us = to_us(clock_.now());
    event.occurred_us = event.recorded_us;
    event.person = actor.person;
    event.organisation = actor.organisation;
    event.role = actor.role;
    event.session8 = actor.session8;
    event.action = action;
    event.outcome = outcome;
    event.purpose = actor.purpose;
    event.case_id = actor.case_id;
    event.source = actor.source;
    if (actor.person == 0 && !actor.session8.empty()) event.detail = "client=" + actor.name;
    return event;
}

void Audit::write(storage::Group& group, const AuditEvent& event) { chain(group, {&event, 1}); }

void Audit::note(const AuditEvent& event) {
    if (failed_) throw Error(ErrorKind::unavailable, "storage.failed", "the audit journal's storage failed");
    journal_.append(event);
}

void Audit::flush() {
    const std::lock_guard lock(move_mutex_);
    const std::int64_t current = journal_.current();
    for (const std::int64_t file : journal_.files()) {
        move_file(file);
        if (file >= current) continue;
        const std::uint64_t left = journal_.retire(file, positions_[file]);
        writer_.submit({{}, [file](storage::Group& group) { forget_position(group, file); }});
        if (left > 0) log::error("audit.journal_damaged", {{"file", file}, {"bytes", static_cast<std::int64_t>(left)}});
        positions_.erase(file);
    }
    journal_.roll(kJournalFile_bytes);
}

void Audit::move_file(std::int64_t file) {
    for (;;) {
        const auto piece = journal_.read(file, positions_[file], kMoved_rows);
        if (!piece.events.empty()) {
            std::uint64_t stored = 0;
            writer_.submit({{}, [&](storage::Group& group) {
                                // Whether the last one arrived may not be known (commit.unknown): nothing is chained twice.
                                stored = stored_position(group, file);
                                if (stored > positions_[file]) return;
                                chain(group, piece.events);
                                store_position(group, file, piece.next);
                                stored = piece.next;
                            }});
            positions_[file] = stored;
            if (stored != piece.next) continue;
        }
        if (piece.events.empty() || piece.end_of_file) return;
    }
}

Audit::Head Audit::head() const {
    const std::lock_guard lock(mutex_);
    return committed_;
}

void Audit::write_head() {
    const Head last = head();
    if (last.seq == 0) return;
    const Instant now = clock_.now();
    const std::string text = head_text(last.seq, last.hash, now);
    std::array<unsigned char, crypto_sign_BYTES> signature{};
    crypto_sign_detached(signature.data(), nullptr, reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                         reinterpret_cast<const unsigned char*>(head_key_.data()));
    const std::string line = text + " " + to_hex({reinterpret_cast<const char*>(signature.data()), signature.size()});
    append_head(folder_, line);
    if (outside_) outside_->put(line);
}

}  // namespace qiao::access
