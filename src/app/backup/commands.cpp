#include "app/backup/commands.hpp"

#include "app/centre.hpp"
#include "app/control.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "storage/file.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

namespace qiao::app::backup {
namespace {

namespace fs = std::filesystem;
using json::Value;

constexpr std::chrono::milliseconds kLook{50};

Value ask(const Options& options, const Value& request) {
    if (auto answer = ask_running_server(options.data_folder, request)) return std::move(*answer);
    Centre centre(options);
    return *obey(centre.backups(), request);
}

Backups::Order order_of(const std::string& folder, bool unsealed) { return {.folder = folder, .unsealed = unsealed, .actor = record::Actor::system("HOPERAT")}; }

void print_made(const Value& manifest) {
    fmt::print("backup {} is complete: {} files, {:.1f} MB, {:.1f} MB of them new, {:.1f} s\n", manifest["id"].text(), manifest["files"].text(),
               static_cast<double>(manifest["bytes"].integer().value_or(0)) / 1e6, static_cast<double>(manifest["writtenBytes"].integer().value_or(0)) / 1e6,
               static_cast<double>(manifest["durationMs"].integer().value_or(0)) / 1e3);
    if (manifest["key"].text().empty()) fmt::print(stderr, "qiao: this backup is NOT sealed: whoever has the folder reads it. It holds no keys.\n");
    if (const auto damaged = manifest["damagedFiles"].integer().value_or(0); damaged > 0) {
        fmt::print(stderr, "qiao: {} files of the data folder are damaged; qiao verify-backup names them\n", damaged);
    }
}

}  // namespace

std::optional<Value> obey(Backups& backups, const Value& request) {
    const std::string& command = request["command"].text();
    if (command == "backup_start") return Value::object({{"number", backups.start(order_of(request["folder"].text(), request["unsealed"].truth()))}});
    if (command == "backup_progress") return backups.progress();
    if (command == "backup_key") {
        backups.set_public_key(from_hex(request["key"].text()).value_or(""), request["replace"].truth());
        return Value::object({{"signer", to_hex(backups.signer_key())}});
    }
    return std::nullopt;
}

int make_by_hand(const Options& options, const std::string& folder, bool unsealed) {
    const std::string target = fs::absolute(folder).lexically_normal().string();
    const auto started = ask_running_server(options.data_folder, Value::object({{"command", "backup_start"}, {"folder", target}, {"unsealed", unsealed}}));
    if (!started) {
        Centre centre(options);
        print_made(centre.backups().run(order_of(target, unsealed)).to_json());
        return 0;
    }
    for (;;) {
        std::this_thread::sleep_for(kLook);
        const auto progress = ask_running_server(options.data_folder, Value::object({{"command", "backup_progress"}}));
        if (!progress) throw Error(ErrorKind::unavailable, "backup.stopped", "the server ended during the backup");
        if ((*progress)["running"].truth()) continue;
        if (!(*progress)["failed"].is_null()) {
            throw Error(ErrorKind::unavailable, "control.refused", (*progress)["failed"].text() + ": " + (*progress)["why"].text());
        }
        print_made((*progress)["backup"]);
        return 0;
    }
}

int make_key(const Options& options, bool replace) {
    RecoveryKey key{storage::make_sealing_keys(), {}};
    const Value answer = ask(options, Value::object({{"command", "backup_key"}, {"key", to_hex(key.sealing.open)}, {"replace", replace}}));
    key.signer = from_hex(answer["signer"].text()).value_or("");
    fmt::print("{}", recovery_key_text(key));
    fmt::print(stderr, "qiao: this text is not kept anywhere. The security side keeps it, not this machine.\n");
    return 0;
}

int print_verification(VerifyInput input, const std::string& data_folder) {
    const bool own = input.scratch.empty();
    if (own) input.scratch = fmt::format("{}/qiao-verify-{}", fs::temp_directory_path().string(), to_hex(random_bytes(6)));
    require_empty(input.scratch);
    // Patients' data in the clear: it goes away however this ends.
    struct Cleared {
        std::string folder;
        bool with_folder;
        ~Cleared() {
            std::error_code error;
            if (with_folder) {
                fs::remove_all(folder, error);
                return;
            }
            for (const auto& entry : fs::directory_iterator(folder, error)) fs::remove_all(entry.path(), error);
        }
    } const cleared{input.scratch, own};
    const SystemClock clock;
    const Value report = verify(input, data_folder, clock);
    fmt::print("{}\n", report.dump());
    std::fflush(stdout);
    for (const Value& check : report["checks"].items()) {
        fmt::print(stderr, "{:8} {} ({})\n", check["whole"].truth() ? "ok" : "DAMAGED", check["check"].text(), check["count"].text());
        for (const Value& defect : check["defects"].items()) fmt::print(stderr, "         {}\n", defect.text());
    }
    fmt::print(stderr, "backup {} is {}\n", report["backup"].text(), report["whole"].truth() ? "whole" : "DAMAGED");
    return report["whole"].truth() ? 0 : 1;
}

int print_restore(const RestoreInput& input) {
    const SystemClock clock;
    const Restored restored = restore(input, clock);
    const Manifest& manifest = restored.unpacked.manifest;
    fmt::print("restored backup {} of {} into {}: {} files, {} resources. Epoch {} begins.\n", manifest.id, format_instant(manifest.taken), input.data_folder,
               restored.unpacked.entries.size() - restored.unpacked.defects.size(), manifest.resources, restored.epoch.number);
    fmt::print("What was written after {} is not in it: opinions, requests and images from then on must be asked for again.\n", format_instant(manifest.taken));
    fmt::print("{} sessions were ended: everybody signs in again.\n", restored.ended_sessions);
    for (const std::string& client : restored.open_clients) fmt::print("client {} may sign in: revoke it again if that was done after the backup\n", client);
    for (const Defect& defect : restored.unpacked.defects) fmt::print("NOT restored: {} ({})\n", defect.path, defect.what);
    return 0;
}

}  // namespace qiao::app::backup
