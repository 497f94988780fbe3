#include "app/backup/restore.hpp"

#include "access/audit.hpp"
#include "access/sessions_end.hpp"
#include "base/error.hpp"
#include "base/metrics.hpp"
#include "storage/file.hpp"
#include "storage/writer.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

namespace qiao::app::backup {
namespace {

namespace fs = std::filesystem;

/// One transaction: the epoch, the end of the sessions and the row that says so.
void begin_epoch(const std::string& folder, const Manifest& manifest, const Clock& clock, Restored& restored) {
    Metrics metrics;
    const auto database = storage::open_sqlite(folder + "/record.db", storage::Durability::full);
    storage::Writer writer(*database, clock, metrics);
    access::Audit audit(*database, writer, clock, folder);
    restored.epoch = {manifest.epoch + 1, clock.now(), manifest.id};
    writer.submit({{}, [&](storage::Group& group) {
                       record::start_epoch(group, restored.epoch);
                       restored.ended_sessions = access::end_all_sessions(group);
                       access::AuditEvent event = audit.event_of(record::Actor::system("HOPERAT"), "restore");
                       event.detail = fmt::format("backup={} epoch={} damaged={}", manifest.id, restored.epoch.number, restored.unpacked.defects.size());
                       audit.write(group, event);
                   }});
    restored.open_clients = access::open_clients(database->read()->connection());
}

}  // namespace

void add_keys(const std::string& folder, const std::string& keys_folder) {
    for (const char* name : {"/master.key", "/audit-head.key"}) {
        if (fs::exists(folder + name)) continue;
        if (keys_folder.empty() || !fs::exists(keys_folder + name)) {
            throw Error(ErrorKind::invalid, "backup.no_keys", fmt::format("a backup that is not sealed holds no {}: say --keys FOLDER with its copy", name + 1));
        }
        storage::write_file_durably(folder + name, storage::read_file(keys_folder + name), 0400);
    }
}

Restored restore(const RestoreInput& input, const Clock& clock) {
    std::optional<RecoveryKey> key;
    if (!input.key_file.empty()) key = read_recovery_key(input.key_file);
    std::string target = input.data_folder;
    while (target.size() > 1 && target.ends_with('/')) target.pop_back();
    require_empty(target);
    const std::string unfinished = target + ".restoring";
    fs::remove_all(unfinished);
    storage::make_folder(unfinished);
    Restored restored;
    restored.unpacked = unpack(input.folder, input.id, key ? &*key : nullptr, unfinished);
    const auto& defects = restored.unpacked.defects;
    if (!defects.empty() && (!input.accept_damage || !fs::exists(unfinished + "/record.db"))) {
        fs::remove_all(unfinished);
        throw Error(ErrorKind::invalid, "backup.damaged",
                    fmt::format("{} of {} files are damaged, the first is {} ({} {}); qiao verify-backup names all. Take an older backup with --backup, or "
                                "--accept-damage to restore the others",
                                defects.size(), restored.unpacked.entries.size(), defects[0].path, object_path(input.folder, defects[0].object), defects[0].what));
    }
    add_keys(unfinished, input.keys_folder);
    begin_epoch(unfinished, restored.unpacked.manifest, clock, restored);
    fs::rename(unfinished, target);
    storage::sync_folder(fs::absolute(target).parent_path().string());
    return restored;
}

}  // namespace qiao::app::backup
