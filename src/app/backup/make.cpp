#include "app/backup/make.hpp"

#include "app/backup/known_segments.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "record/store/epoch.hpp"
#include "storage/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <unordered_map>

namespace qiao::app::backup {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kRead_bytes = 256 * 1024;
constexpr std::string_view kCopyPrefix = "backup-copy-";

/// What a backup leaves out of the data folder: locks, sockets, what is made again, and what is in it in another form.
bool is_left_out(std::string_view name, bool sealed) {
    const bool key = name == "master.key" || name == "audit-head.key";
    return name == "lock" || name == "control.sock" || name == "spill" || name == "bulk" || name.ends_with(".new") || name.ends_with("-wal") || name.ends_with("-shm") ||
           name.ends_with(".db") || name == "audit-heads.log" || name.starts_with("audit-journal-") || name.starts_with(kCopyPrefix) ||
           name.starts_with("backup-state") || name.starts_with("backup-segments") || (key && !sealed);
}

std::string id_of(Instant taken) {
    std::string id;
    for (const char c : format_instant(taken)) {
        if (c != '-' && c != ':' && c != '.') id += c;
    }
    return id;
}

/// A copy of a database beside the data, gone with this object.
class Copy {
public:
    explicit Copy(std::string path) : path_(std::move(path)) { fs::remove(path_); }
    ~Copy() {
        std::error_code error;
        for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path_ + suffix, error);
    }
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

class Maker {
public:
    Maker(const Source& source, const std::string& folder, bool unsealed, const std::stop_token& stop)
        : source_(source), folder_(folder), stop_(stop), signer_(signer_of(source.data_folder)), segments_(source.data_folder), volume_(opened(folder)) {
        if (!unsealed) {
            const auto key = public_key_of(source.data_folder);
            if (!key) throw Error(ErrorKind::invalid, "backup.no_key", "there is no recovery key yet: qiao backup-key new");
            open_key_ = *key;
            manifest_.key_id = storage::sealing_key_id(open_key_);
        }
        name_key_ = hmac_sha256(signer_.secret, "qiao backup object names");
        group_ = manifest_.key_id.empty() ? "open" : manifest_.key_id;
        storage::make_folder(folder_ + "/objects");
        storage::make_folder(folder_ + "/objects/" + group_);
        storage::make_folder(folder_ + "/backups");
        if (volume_.get() < 0) storage::throw_errno(errno, "open folder");
    }

    Manifest run() {
        const auto start = std::chrono::steady_clock::now();
        remove_broken(folder_);
        for (const auto& id : complete_backups(folder_)) {
            for (auto& object : read_objects(folder_, read_manifest(folder_, id, {}))) known_.emplace(std::move(object.name), object.bytes);
        }
        // The signed heads first: none may speak of a row that the copy of the database does not have.
        add_if_there("audit-heads.log");
        source_.audit.flush();  // every read answered until now is in the chain
        manifest_.taken = source_.clock.now();
        manifest_.id = id_of(manifest_.taken);
        manifest_.version = source_.version;
        add_databases();
        // Whatever the databases name was durable before its row, so it is there now.
        add_folder("");
        manifest_.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
        complete();
        segments_.save();
        return manifest_;
    }

private:
    static int opened(const std::string& folder) {
        storage::make_folder(folder);
        return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }

    void require_going() const {
        if (stop_.stop_requested()) throw Error(ErrorKind::unavailable, "backup.stopped", "the server was stopped during the backup");
    }

    /// All snapshots stand before the first copy is made; that of the record is the last, so that no index names a resource
    /// that the record does not have.
    void add_databases() {
        std::vector<std::pair<std::string, std::unique_ptr<storage::Database>>> others;
        for (const auto& entry : fs::directory_iterator(source_.data_folder)) {
            const std::string name = entry.path().filename().string();
            if (name.starts_with(kCopyPrefix)) fs::remove(entry.path());  // of one that was killed
            else if (name.ends_with(".db") && name != "record.db") others.emplace_back(name, storage::open_sqlite(entry.path().string(), storage::Durability::rebuildable));
        }
        std::sort(others.begin(), others.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        std::vector<std::pair<std::string, std::unique_ptr<storage::Snapshot>>> snapshots;
        for (auto& [name, database] : others) snapshots.emplace_back(name, pinned(*database));
        snapshots.emplace_back("record.db", pinned(source_.record));
        std::vector<std::unique_ptr<Copy>> copies;
        for (auto& [name, snapshot] : snapshots) {
            require_going();
            copies.push_back(std::make_unique<Copy>(fmt::format("{}/{}{}", source_.data_folder, kCopyPrefix, name)));
            snapshot->copy_to(copies.back()->path());
            snapshot.reset();  // checkpoints go on
        }
        describe(copies.back()->path());
        for (std::size_t i = 0; i < copies.size(); ++i) {
            add_file(snapshots[i].first, copies[i]->path());
            copies[i].reset();
        }
    }

    static std::unique_ptr<storage::Snapshot> pinned(storage::Database& database) {
        auto snapshot = database.read();
        snapshot->pin();
        return snapshot;
    }

    void describe(const std::string& record_copy) {
        const auto record = storage::open_sqlite(record_copy, storage::Durability::rebuildable);
        auto snapshot = record->read();
        const auto bodies = record::digest_bodies(snapshot->connection(), false);
        manifest_.resources = bodies.resources;
        manifest_.versions = bodies.versions;
        manifest_.bodies_sha256 = bodies.sha256;
        manifest_.epoch = record::read_epoch(snapshot->connection()).number;
        const auto head = access::stored_head(snapshot->connection());
        manifest_.audit_seq = head.seq;
        manifest_.audit_hash = to_hex(head.hash);
    }

    /// `relative` ends in "/" or is empty.
    void add_folder(const std::string& relative) {
        std::vector<fs::directory_entry> entries;
        for (const auto& entry : fs::directory_iterator(source_.data_folder + "/" + relative)) entries.push_back(entry);
        std::sort(entries.begin(), entries.end());
        for (const auto& entry : entries) {
            require_going();
            const std::string name = entry.path().filename().string();
            if (relative.empty() ? is_left_out(name, !manifest_.key_id.empty()) : name.ends_with(".new")) continue;
            if (entry.is_directory())
                add_folder(relative + name + "/");
            else if (entry.is_regular_file())
                add_known_file(relative + name);
        }
    }

    void add_if_there(const std::string& name) {
        if (fs::exists(source_.data_folder + "/" + name)) add_file(name, source_.data_folder + "/" + name);
    }

    /// Files whose digest is known without reading them: blobs, and segments of packs that did not change.
    void add_known_file(const std::string& relative) {
        const std::string path = source_.data_folder + "/" + relative;
        std::string digest;
        if (relative.starts_with("blobs/")) digest = fs::path(relative).filename().string();
        if (relative.starts_with("packs/")) digest = segments_.digest_of(relative, path);
        struct stat status {};
        if (::stat(path.c_str(), &status) != 0) return;  // an unfinished upload that was completed meanwhile
        const auto raw = from_hex(digest);
        if (raw && raw->size() == 32) {
            const std::string object = name_of(*raw);
            if (const auto bytes = stored_bytes(object)) return list({relative, status.st_size, digest, object}, *bytes);
        }
        add_file(relative, path);
    }

    /// Reads, seals and writes in one go; the object gets its name when the digest is known.
    void add_file(const std::string& relative, const std::string& path) {
        const storage::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (file.get() < 0 && errno == ENOENT) return;
        struct stat status {};
        if (file.get() < 0 || ::fstat(file.get(), &status) != 0) storage::throw_errno(errno, "open for backup");
        ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
        const std::string temporary = fmt::format("{}/objects/{}/{}.new", folder_, group_, to_hex(random_bytes(8)));
        storage::SealedWriter writer(temporary, open_key_);
        Sha256 sha;
        buffer_.resize(kRead_bytes);
        // What is appended meanwhile belongs to the next backup.
        std::int64_t left = status.st_size;
        while (left > 0) {
            require_going();
            const ssize_t got = ::read(file.get(), buffer_.data(), static_cast<std::size_t>(std::min<std::int64_t>(left, kRead_bytes)));
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) storage::throw_errno(got < 0 ? errno : EIO, "read for backup");
            const std::string_view piece(buffer_.data(), static_cast<std::size_t>(got));
            sha.update(piece);
            writer.write(piece);
            left -= got;
        }
        const auto stored = static_cast<std::int64_t>(writer.finish());
        const std::string raw = sha.finish();
        const std::string digest = to_hex(raw);
        if (relative.starts_with("blobs/") && digest != fs::path(relative).filename().string()) {
            ++manifest_.damaged_files;
            log::error("backup.blob_damaged", {{"sha256", fs::path(relative).filename().string()}});
        }
        if (relative.starts_with("packs/")) segments_.remember(relative, status, digest);
        const std::string object = name_of(raw);
        fs::create_directory(fs::path(object_path(folder_, object)).parent_path());
        fs::rename(temporary, object_path(folder_, object));
        manifest_.written_bytes += stored;
        known_[object] = stored;
        list({relative, status.st_size, digest, object}, stored);
    }

    /// The name tells nobody which content it stands for: a photo is not found in the folder by its digest.
    [[nodiscard]] std::string name_of(std::string_view digest) const {
        const std::string name = to_hex(hmac_sha256(name_key_, digest));
        return fmt::format("{}/{}/{}", group_, name.substr(0, 2), name);
    }

    /// Of an object that a complete backup vouches for; what a broken one left is written again.
    [[nodiscard]] std::optional<std::int64_t> stored_bytes(const std::string& object) const {
        const auto known = known_.find(object);
        struct stat status {};
        if (known == known_.end() || ::stat(object_path(folder_, object).c_str(), &status) != 0 || status.st_size != known->second) return std::nullopt;
        return known->second;
    }

    void list(const Entry& entry, std::int64_t stored) {
        ++manifest_.files;
        manifest_.bytes += entry.bytes;
        contents_ += contents_line(entry);
        objects_ += objects_line({entry.object, stored});
    }

    void complete() {
        const std::string own = folder_of(folder_, manifest_.id);
        storage::make_folder(own);
        storage::write_file_durably(own + "/objects.txt", objects_);
        storage::SealedWriter contents(own + "/contents", open_key_);
        contents.write(contents_);
        contents.finish();
        if (::syncfs(volume_.get()) != 0) storage::throw_errno(errno, "syncfs");
        require_going();
        manifest_.objects_sha256 = to_hex(sha256(objects_));
        manifest_.contents_sha256 = to_hex(sha256(storage::read_file(own + "/contents")));
        write_signed(own, "manifest", manifest_.to_json().dump() + "\n", signer_);
        storage::sync_folder(folder_ + "/backups");
    }

    const Source& source_;
    const std::string folder_;
    const std::stop_token& stop_;
    const Signer signer_;
    KnownSegments segments_;
    const storage::Descriptor volume_;  ///< open from the start, so that its sync tells every failed write since
    std::string open_key_;
    std::string name_key_;
    std::string group_;  ///< of the objects: the key that they are sealed to
    Manifest manifest_;
    std::unordered_map<std::string, std::int64_t> known_;
    std::string contents_;
    std::string objects_;
    std::string buffer_;
};

}  // namespace

Manifest make_backup(const Source& source, const std::string& folder, bool unsealed, const std::stop_token& stop) {
    const fs::path data = fs::weakly_canonical(source.data_folder);
    const fs::path target = fs::weakly_canonical(folder);
    const auto [end, rest] = std::mismatch(data.begin(), data.end(), target.begin(), target.end());
    if (!target.is_absolute() || end == data.end()) throw Error(ErrorKind::invalid, "backup.bad_folder", "a backup does not go into the data folder");
    Maker maker(source, target.string(), unsealed, stop);
    const storage::FolderLock lock(target.string());
    return maker.run();
}

}  // namespace qiao::app::backup
