#include "app/backup/verify.hpp"

#include "access/audit.hpp"
#include "access/role.hpp"
#include "app/backup/restore.hpp"
#include "app/backup/verify_store.hpp"
#include "app/centre.hpp"
#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "record/store/epoch.hpp"
#include "storage/file.hpp"
#include "storage/pack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>

namespace qiao::app::backup {
namespace {

namespace fs = std::filesystem;

constexpr int kCases = 100;
constexpr int kImages = 200;
constexpr std::size_t kNamed = 200;  ///< defects that a check lists

double seconds_since(std::chrono::steady_clock::time_point start) { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }

/// One thing that was looked at: how many, and what is wrong.
class Check {
public:
    explicit Check(std::string name) : name_(std::move(name)) {}
    void looked_at(std::int64_t count = 1) { count_ += count; }
    void wrong(std::string what) { defects_.push_back(std::move(what)); }
    [[nodiscard]] bool whole() const { return defects_.empty(); }
    [[nodiscard]] json::Value to_json() const {
        json::Value listed = json::Value::array();
        for (std::size_t i = 0; i < std::min(defects_.size(), kNamed); ++i) listed.push(defects_[i]);
        return json::Value::object(
            {{"check", name_}, {"whole", whole()}, {"count", count_}, {"defectCount", static_cast<std::int64_t>(defects_.size())}, {"defects", std::move(listed)}});
    }

private:
    std::string name_;
    std::int64_t count_ = 0;
    std::vector<std::string> defects_;
};

class Drill {
public:
    Drill(const VerifyInput& input, const RecoveryKey* key) : input_(input) {
        const auto start = std::chrono::steady_clock::now();
        unpacked_ = unpack(input.folder, input.id, key, input.scratch);
        restore_seconds_ = seconds_since(start);
    }

    void run() {
        look("files", [&](Check& check) { files(check); });
        look("databases", [&](Check& check) { databases(check); });
        look("audit", [&](Check& check) { audit(check); });
        look("resources", [&](Check& check) { resources(check); });
        look("attachments", [&](Check& check) { attachments(check); });
        look("images", [&](Check& check) { images(check); });
        look("cases", [&](Check& check) { cases(check); });
    }

    [[nodiscard]] json::Value report(Instant now, double seconds) const {
        json::Value checks = json::Value::array();
        for (const Check& check : checks_) checks.push(check.to_json());
        const bool whole = std::all_of(checks_.begin(), checks_.end(), [](const Check& check) { return check.whole(); });
        return json::Value::object({{"format", "qiao-verify-backup-1"},
                                    {"whole", whole},
                                    {"backup", unpacked_.manifest.id},
                                    {"taken", format_instant(unpacked_.manifest.taken)},
                                    {"verified", format_instant(now)},
                                    {"version", QIAO_VERSION},
                                    {"key", unpacked_.manifest.key_id},
                                    {"restoreSeconds", json::Value::number(fmt::format("{:.1f}", restore_seconds_))},
                                    {"seconds", json::Value::number(fmt::format("{:.1f}", seconds))},
                                    {"checks", std::move(checks)}});
    }

private:
    /// A boundary: what cannot be looked at is a finding, and the rest is still looked at.
    void look(const char* name, const std::function<void(Check&)>& part) {
        Check& check = checks_.emplace_back(name);
        try {
            part(check);
        } catch (const Error& error) {
            check.wrong(fmt::format("{} ({})", error.what(), error.code()));
        }
    }

    [[nodiscard]] std::string in_scratch(std::string_view name) const { return fmt::format("{}/{}", input_.scratch, name); }
    [[nodiscard]] std::unique_ptr<storage::Database> open(std::string_view name) const {
        if (!fs::exists(in_scratch(name))) throw Error(ErrorKind::not_found, "backup.damaged", fmt::format("{} is not there", name));
        return storage::open_sqlite(in_scratch(name), storage::Durability::rebuildable);
    }

    void files(Check& check) const {
        check.looked_at(static_cast<std::int64_t>(unpacked_.entries.size()));
        for (const Defect& defect : unpacked_.defects) check.wrong(fmt::format("{}: {} {}", defect.path, object_path(input_.folder, defect.object), defect.what));
        // A file that was damaged before it was backed up has the digest of what it is, not of what its name says.
        for (const Entry& entry : unpacked_.entries) {
            if (entry.path.starts_with("blobs/") && !entry.path.ends_with(entry.sha256)) check.wrong(entry.path + ": was damaged before the backup");
        }
    }

    void databases(Check& check) const {
        for (const Entry& entry : unpacked_.entries) {
            if (!entry.path.ends_with(".db") || !fs::exists(in_scratch(entry.path))) continue;
            check.looked_at();
            if (!open(entry.path)->is_whole()) check.wrong(entry.path + " is damaged");
        }
    }

    void audit(Check& check) const {
        const auto database = open("record.db");
        const auto found = access::verify_audit(*database, input_.scratch);
        check.looked_at(found.rows);
        for (const auto& defect : found.defects) check.wrong(defect.text);
        const auto head = access::stored_head(database->read()->connection());
        if (head.seq != unpacked_.manifest.audit_seq || to_hex(head.hash) != unpacked_.manifest.audit_hash) check.wrong("the head is not the one of the manifest");
    }

    void resources(Check& check) const {
        const auto database = open("record.db");
        const auto bodies = record::digest_bodies(database->read()->connection(), true);
        check.looked_at(bodies.versions);
        if (bodies.unreadable > 0) check.wrong(fmt::format("{} versions of resources cannot be read", bodies.unreadable));
        const Manifest& said = unpacked_.manifest;
        if (bodies.sha256 != said.bodies_sha256 || bodies.versions != said.versions || bodies.resources != said.resources) {
            check.wrong(fmt::format("{} versions of {} resources are not the {} of {} in the manifest", bodies.versions, bodies.resources, said.versions, said.resources));
        }
    }

    void attachments(Check& check) const {
        const auto database = open("record.db");
        for (const NamedBlob& blob : named_blobs(database->read()->connection())) {
            check.looked_at();
            const std::string file = fmt::format("blobs/{}/{}", blob.sha256.substr(0, 2), blob.sha256);
            if (!fs::exists(in_scratch(file))) check.wrong(fmt::format("case {}: {} is missing", blob.case_id, file));
        }
    }

    void images(Check& check) const {
        if (!fs::exists(in_scratch("imaging.db"))) return;
        const auto database = open("imaging.db");
        const storage::Pack pack(in_scratch("packs"));
        for (const NamedImage& image : some_images(database->read()->connection(), kImages)) {
            check.looked_at();
            if (!is_readable(pack, image)) check.wrong(fmt::format("image {} in segment {:08x} at {}", image.uid, image.segment, image.offset));
        }
    }

    static bool is_readable(const storage::Pack& pack, const NamedImage& image) {
        try {
            return sha256(pack.read(image.segment, image.offset, image.length)) == image.sha256;
        } catch (const Error&) {
            return false;
        }
    }

    /// The last one: from here on the scratch folder is a centre that writes.
    void cases(Check& check) {
        add_keys(input_.scratch, input_.keys_folder);
        Options options;
        options.data_folder = input_.scratch;
        Centre centre(options);
        const auto client = centre.sessions().add_client("verify-backup", access::role::kIntegration);
        http::Request sign_in;
        sign_in.peer_address = "127.0.0.1";
        const auto opened = centre.sessions().client_token(client.id, client.secret, sign_in);
        const auto get = [&](const std::string& path) {
            http::Request request{.method = http::Method::get, .path = path, .target = path};
            request.headers = {{"host", "localhost"}, {"authorization", "Bearer " + opened->token}};
            request.peer_address = "127.0.0.1";
            return centre.router().handle(request);
        };
        for (const std::string& id : some_cases(centre.database().read()->connection(), kCases)) {
            check.looked_at();
            const auto answer = get("/flow/cases/" + id);
            const auto view = json::parse(answer.body);
            if (answer.status != 200 || !view) {
                check.wrong(fmt::format("case {} answers {}", id, answer.status));
                continue;
            }
            for (const json::Value& attachment : (*view)["items"]["attachments"].items()) {
                const auto bytes = get(fmt::format("/flow/cases/{}/attachments/{}", id, attachment["n"].text()));
                if (bytes.status != 200) check.wrong(fmt::format("case {}: attachment {} answers {}", id, attachment["n"].text(), bytes.status));
            }
        }
    }

    const VerifyInput& input_;
    Unpacked unpacked_;
    double restore_seconds_ = 0;
    std::vector<Check> checks_;
};

void keep_report(const VerifyInput& input, const std::string& data_folder, const json::Value& report) {
    const std::string text = report.dump() + "\n";
    const Signer signer = signer_of(input.scratch);
    std::string name;
    for (const char c : report["verified"].text()) {
        if (c != '-' && c != ':' && c != '.') name += c;
    }
    storage::make_folder(input.folder + "/reports");
    write_signed(input.folder + "/reports", name, text, signer);
    if (!data_folder.empty()) write_signed(data_folder, "backup-verified", text, signer);
}

std::optional<Verified> read_report(const std::string& folder, const std::string& stem, std::string_view signer) {
    const std::string file = fmt::format("{}/{}", folder, stem);
    if (!fs::exists(file + ".json") || !fs::exists(file + ".sig")) return std::nullopt;
    const std::string text = storage::read_file(file + ".json");
    const auto signature = from_hex(trim(storage::read_file(file + ".sig")));
    const auto report = json::parse(text);
    if (!signature || signature->size() <= 64 || !report || !is_signed_by(signer, text, std::string_view(*signature).substr(0, 64))) return std::nullopt;
    const auto at = parse_instant((*report)["verified"].text());
    if (!at || !(*report)["whole"].truth()) return std::nullopt;
    return Verified{(*report)["backup"].text(), *at, parse_instant((*report)["taken"].text()).value_or(Instant{}), std::stod("0" + (*report)["restoreSeconds"].text())};
}

}  // namespace

json::Value verify(const VerifyInput& input, const std::string& data_folder, const Clock& clock) {
    std::optional<RecoveryKey> key;
    if (!input.key_file.empty()) key = read_recovery_key(input.key_file);
    require_empty(input.scratch);
    storage::make_folder(input.scratch);
    const auto start = std::chrono::steady_clock::now();
    Drill drill(input, key ? &*key : nullptr);
    drill.run();
    json::Value report = drill.report(clock.now(), seconds_since(start));
    if (fs::exists(input.scratch + "/audit-head.key")) keep_report(input, data_folder, report);
    return report;
}

std::optional<Verified> newest_verified(const std::string& folder, const std::string& data_folder, std::string_view signer) {
    std::optional<Verified> newest = read_report(data_folder, "backup-verified", signer);
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder + "/reports", error)) {
        if (entry.path().extension() != ".json") continue;
        const auto one = read_report(folder + "/reports", entry.path().stem().string(), signer);
        if (one && (!newest || one->at > newest->at)) newest = one;
    }
    return newest;
}

}  // namespace qiao::app::backup
