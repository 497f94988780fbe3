#include "app/backup/folder.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "storage/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <unordered_set>

namespace qiao::app::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kFormat = 1;

[[noreturn]] void bad_manifest(std::string_view what) { throw Error(ErrorKind::invalid, "backup.bad_manifest", std::string(what)); }

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
    return number;
}

/// What is joined to a folder: it never leads out of it.
bool is_inside(std::string_view path) {
    if (path.empty() || path.size() > 4096 || path.starts_with('/')) return false;
    const auto parts = split(path, '/');
    return std::none_of(parts.begin(), parts.end(), [](std::string_view part) { return part.empty() || part == "." || part == ".."; });
}

}  // namespace

json::Value Manifest::to_json() const {
    return json::Value::object({{"format", kFormat},
                                {"id", id},
                                {"taken", format_instant(taken)},
                                {"durationMs", duration_ms},
                                {"version", version},
                                {"epoch", epoch},
                                {"key", key_id},
                                {"files", files},
                                {"bytes", bytes},
                                {"writtenBytes", written_bytes},
                                {"damagedFiles", damaged_files},
                                {"auditSeq", audit_seq},
                                {"auditHash", audit_hash},
                                {"resources", resources},
                                {"versions", versions},
                                {"bodiesSha256", bodies_sha256},
                                {"objectsSha256", objects_sha256},
                                {"contentsSha256", contents_sha256}});
}

std::string folder_of(const std::string& folder, std::string_view id) { return fmt::format("{}/backups/{}", folder, id); }
std::string object_path(const std::string& folder, std::string_view name) { return fmt::format("{}/objects/{}", folder, name); }

std::vector<std::string> complete_backups(const std::string& folder) {
    std::vector<std::string> ids;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder + "/backups", error)) {
        if (fs::exists(entry.path() / "manifest.json", error)) ids.push_back(entry.path().filename().string());
    }
    std::sort(ids.begin(), ids.end());
    return ids;
}

Manifest read_manifest(const std::string& folder, std::string_view id, std::string_view signer) {
    const std::string own = folder_of(folder, id);
    if (!is_inside(id) || !fs::exists(own + "/manifest.json")) throw Error(ErrorKind::not_found, "backup.none", fmt::format("no complete backup in {}", own));
    const std::string text = storage::read_file(own + "/manifest.json");
    const auto parsed = json::parse(text);
    if (!parsed || (*parsed)["format"].integer() != kFormat) bad_manifest("manifest.json cannot be read by this version");
    const json::Value& value = *parsed;
    const auto signature = fs::exists(own + "/manifest.sig") ? from_hex(trim(storage::read_file(own + "/manifest.sig"))) : std::nullopt;
    if (!signature || signature->size() <= 64) throw Error(ErrorKind::invalid, "backup.bad_signature", "manifest.json is not signed");
    const std::string_view said = std::string_view(*signature).substr(64);
    if (!is_signed_by(said, text, std::string_view(*signature).substr(0, 64)) || (!signer.empty() && said != signer)) {
        throw Error(ErrorKind::invalid, "backup.bad_signature", "manifest.json was altered, or another centre made this backup");
    }
    Manifest manifest;
    const auto number = [&](std::string_view name) { return value[name].integer().value_or(0); };
    manifest.id = value["id"].text();
    manifest.taken = parse_instant(value["taken"].text()).value_or(Instant{});
    manifest.duration_ms = number("durationMs");
    manifest.version = value["version"].text();
    manifest.epoch = number("epoch");
    manifest.key_id = value["key"].text();
    manifest.files = number("files");
    manifest.bytes = number("bytes");
    manifest.written_bytes = number("writtenBytes");
    manifest.damaged_files = number("damagedFiles");
    manifest.audit_seq = number("auditSeq");
    manifest.audit_hash = value["auditHash"].text();
    manifest.resources = number("resources");
    manifest.versions = number("versions");
    manifest.bodies_sha256 = value["bodiesSha256"].text();
    manifest.objects_sha256 = value["objectsSha256"].text();
    manifest.contents_sha256 = value["contentsSha256"].text();
    if (manifest.id != id) bad_manifest("manifest.json belongs to another backup");
    return manifest;
}

std::vector<Object> read_objects(const std::string& folder, const Manifest& manifest) {
    const std::string text = storage::read_file(folder_of(folder, manifest.id) + "/objects.txt");
    if (to_hex(sha256(text)) != manifest.objects_sha256) bad_manifest("objects.txt is not the one of the manifest");
    std::vector<Object> objects;
    for (const std::string_view line : split(text, '\n')) {
        if (line.empty()) continue;
        const auto words = split(line, ' ');
        const auto bytes = words.size() == 2 ? number_of(words[1]) : std::nullopt;
        if (!bytes || !is_inside(words[0])) bad_manifest("objects.txt cannot be read");
        objects.push_back({std::string(words[0]), *bytes});
    }
    return objects;
}

std::vector<Entry> read_contents(const std::string& folder, const Manifest& manifest, const RecoveryKey* key) {
    if (!manifest.key_id.empty()) {
        if (key == nullptr) throw Error(ErrorKind::invalid, "backup.wrong_key", fmt::format("the backup is sealed to the recovery key {}: say --key FILE", manifest.key_id));
        const std::string own = storage::sealing_key_id(key->sealing.open);
        if (own != manifest.key_id) {
            throw Error(ErrorKind::invalid, "backup.wrong_key", fmt::format("the backup is sealed to the recovery key {}; this one is {}", manifest.key_id, own));
        }
    }
    const std::string file = folder_of(folder, manifest.id) + "/contents";
    if (!fs::exists(file) || to_hex(sha256(storage::read_file(file))) != manifest.contents_sha256) throw Error(ErrorKind::invalid, "backup.damaged", "contents is damaged");
    storage::SealedReader reader(file, manifest.key_id.empty() ? nullptr : &key->sealing);
    std::string text;
    while (const auto piece = reader.next()) text += *piece;
    if (reader.damaged()) throw Error(ErrorKind::invalid, "backup.damaged", "contents cannot be opened");
    std::vector<Entry> entries;
    for (const std::string_view line : split(text, '\n')) {
        if (line.empty()) continue;
        const auto fields = split(line, '\t');
        const auto bytes = fields.size() == 4 ? number_of(fields[1]) : std::nullopt;
        if (!bytes || !is_inside(fields[0]) || !is_inside(fields[3])) throw Error(ErrorKind::invalid, "backup.damaged", "contents cannot be read");
        entries.push_back({std::string(fields[0]), *bytes, std::string(fields[2]), std::string(fields[3])});
    }
    return entries;
}

std::string contents_line(const Entry& entry) { return fmt::format("{}\t{}\t{}\t{}\n", entry.path, entry.bytes, entry.sha256, entry.object); }
std::string objects_line(const Object& object) { return fmt::format("{} {}\n", object.name, object.bytes); }

void write_signed(const std::string& folder, const std::string& stem, std::string_view json, const Signer& signer) {
    storage::write_file_durably(fmt::format("{}/{}.sig", folder, stem), to_hex(sign(signer, json) + signer.open) + "\n");
    storage::write_file_durably(fmt::format("{}/{}.json", folder, stem), json);
}

void remove_broken(const std::string& folder) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder + "/backups", error)) {
        if (!fs::exists(entry.path() / "manifest.json", error)) fs::remove_all(entry.path(), error);
    }
    for (const auto& group : fs::directory_iterator(folder + "/objects", error)) {
        for (const auto& entry : fs::directory_iterator(group.path(), error)) {
            if (entry.path().extension() == ".new") fs::remove(entry.path(), error);
        }
    }
}

void prune(const std::string& folder, int keep) {
    auto ids = complete_backups(folder);
    while (ids.size() > static_cast<std::size_t>(std::max(keep, 1))) {
        // First it stops being a backup, then its parts go.
        fs::remove(folder_of(folder, ids.front()) + "/manifest.json");
        storage::sync_folder(folder_of(folder, ids.front()));
        ids.erase(ids.begin());
    }
    remove_broken(folder);
    std::unordered_set<std::string> needed;
    for (const auto& id : ids) {
        for (auto& object : read_objects(folder, read_manifest(folder, id, {}))) needed.insert(std::move(object.name));
    }
    std::vector<fs::path> unneeded;
    const std::string objects = folder + "/objects/";
    for (const auto& entry : fs::recursive_directory_iterator(objects)) {
        if (entry.is_regular_file() && !needed.contains(entry.path().string().substr(objects.size()))) unneeded.push_back(entry.path());
    }
    for (const auto& path : unneeded) fs::remove(path);
}

}  // namespace qiao::app::backup
