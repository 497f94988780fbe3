#include "app/centre_state.hpp"

#include "access/certificate_routes.hpp"
#include "access/role.hpp"
#include "access/wire.hpp"
#include "app/volume.hpp"
#include "base/json.hpp"

#include <algorithm>
#include <filesystem>

namespace qiao::app {
namespace {

namespace fs = std::filesystem;

/// A file that goes meanwhile counts nothing.
std::int64_t size_of(const fs::path& path) {
    std::error_code failed;
    const auto bytes = fs::file_size(path, failed);
    return failed ? 0 : static_cast<std::int64_t>(bytes);
}

std::int64_t size_of_files_in(const fs::path& folder) {
    std::int64_t bytes = 0;
    std::error_code failed;
    for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) bytes += size_of(at->path());
    return bytes;
}

void write_storage(JsonWriter& json, const StateSources& from) {
    const Volume volume = volume_of(from.data_folder);
    const Encryption encryption = encryption_of(from.data_folder);
    json.object("storage", [&] {
        json.field("writable", from.writer.healthy());
        json.field("usedPercent", volume.used_percent);
        json.field("freeBytes", static_cast<std::int64_t>(volume.free_gib * (1LL << 30)));
        json.field("encryption", encryption == Encryption::encrypted ? "encrypted" : encryption == Encryption::none_seen ? "none_seen" : "unknown");
        json.field("recordBytes", size_of(fs::path(from.data_folder) / "record.db") + size_of(fs::path(from.data_folder) / "record.db-wal"));
        json.field("imagingBytes", size_of(fs::path(from.data_folder) / "imaging.db"));
        json.field("packsBytes", size_of_files_in(fs::path(from.data_folder) / "packs"));
    });
}

void write_jobs(JsonWriter& json, jobs::Jobs& jobs) {
    json.array("jobs", [&] {
        for (const jobs::RegularState& one : jobs.regular()) {
            json.object([&] {
                json.field("name", one.name);
                json.field("everyMs", static_cast<std::int64_t>(one.interval.count()));
                json.field("tookMs", static_cast<std::int64_t>(one.took.count()));
                json.field("failed", one.failed);
                if (one.ended != Instant{}) json.field("ended", format_instant(one.ended));
            });
        }
    });
    json.array("timers", [&] {
        for (const jobs::TimerState& one : jobs.timers()) {
            json.object([&] {
                json.field("name", one.name);
                json.field("waiting", one.waiting);
                json.field("overdue", one.overdue);
                json.field("failing", one.failing);
                json.field("next", format_instant(one.next));
            });
        }
    });
}

void write_pack(JsonWriter& json, const flow::Pack& pack) {
    json.object("pack", [&] {
        json.field("name", pack.name());
        json.array("deadlines", [&] {
            for (const flow::DeadlineRow& row : pack.deadlines()) {
                json.object([&] {
                    json.field("machine", row.machine);
                    json.field("clock", row.name);
                    json.field("kind", row.kind == flow::ClockKind::wall ? "wall" : "working");
                    json.field("minutes", static_cast<std::int64_t>(row.budget.count()));
                    json.field("validFrom", row.valid_from);
                    json.field("source", row.source);
                    json.field("holds", row.holds);
                });
            }
        });
    });
}

/// Search parameters whose index is being made: after an update of the program.
void write_index(JsonWriter& json, record::Record& record) {
    json.array("index", [&] {
        for (const record::IndexProgress& one : record.index_progress()) {
            json.object([&] {
                json.field("type", one.type);
                json.field("parameter", one.parameter);
                json.field("percent", one.percent);
            });
        }
    });
}

/// How large the audit is and what its last check found. No row of it: that is for others.
void write_audit(JsonWriter& json, const StateSources& from) {
    const auto found = from.audit_check.last();
    json.object("audit", [&] {
        json.field("rows", from.audit.head().seq);
        if (found) {
            json.field("checked", format_instant(found->ended));
            json.field("defects", found->defect_count);
        }
    });
}

/// What keeps somebody from signing, or soon will.
void write_certificates(JsonWriter& json, const StateSources& from) {
    json.array("certificates", [&] {
        for (const access::SigningKey& key : from.signing_keys.need_care()) {
            json.object([&] {
                json.field("kind", access::code_of(key.holder.kind));
                access::write_holder(json, from.directory, key.holder);
                json.field("state", key.revoked != Instant{} ? "revoked" : key.expires <= from.clock.now() ? "expired" : "soon");
                json.field("at", format_instant(key.revoked != Instant{} ? key.revoked : key.expires));
            });
        }
    });
}

}  // namespace

void add_state_route(http::Router& router, StateSources sources) {
    router.add(http::Method::get, "/operations/state", {.scope = http::Scope::session, .body_limit_bytes = 1024},
               [from = std::move(sources)](const http::Request& request) {
                   access::wire::require_right(from.sessions, request, {&access::RoleRights::keeps_nodes, &access::RoleRights::keeps_contracts});
                   JsonWriter json;
                   json.object([&] {
                       json.field("now", format_instant(from.clock.now()));
                       json.field("version", QIAO_VERSION);
                       write_storage(json, from);
                       write_audit(json, from);
                       write_index(json, from.record);
                       write_certificates(json, from);
                       json.field("leads", from.jobs.leads());  // of several nodes one does the background work
                       write_jobs(json, from.jobs);
                       write_pack(json, *from.pack);
                   });
                   return http::Response{.content_type = "application/json; charset=utf-8", .body = json.take()};
               });
}

}  // namespace qiao::app
