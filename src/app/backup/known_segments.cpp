#include "app/backup/known_segments.hpp"

#include "base/json_value.hpp"
#include "storage/file.hpp"

#include <unistd.h>

namespace qiao::app::backup {
namespace {

std::int64_t changed_us(const struct stat& status) { return std::int64_t{status.st_mtim.tv_sec} * 1'000'000 + status.st_mtim.tv_nsec / 1000; }

}  // namespace

KnownSegments::KnownSegments(std::string data_folder) : file_(std::move(data_folder) + "/backup-segments.json") {
    if (::access(file_.c_str(), F_OK) != 0) return;
    const auto value = json::parse(storage::read_file(file_));
    if (!value) return;
    for (const auto& [name, one] : value->members()) {
        known_[name] = {one["bytes"].integer().value_or(-1), one["changedUs"].integer().value_or(0), one["sha256"].text()};
    }
}

std::string KnownSegments::digest_of(const std::string& name, const std::string& path) const {
    const auto known = known_.find(name);
    struct stat status {};
    if (known == known_.end() || ::stat(path.c_str(), &status) != 0) return {};
    return known->second.bytes == status.st_size && known->second.changed_us == changed_us(status) ? known->second.digest : std::string();
}

void KnownSegments::remember(const std::string& name, const struct stat& status, const std::string& digest) {
    known_[name] = {status.st_size, changed_us(status), digest};
}

void KnownSegments::save() const {
    json::Value value = json::Value::object();
    for (const auto& [name, one] : known_) {
        value.set(name, json::Value::object({{"bytes", one.bytes}, {"changedUs", one.changed_us}, {"sha256", one.digest}}));
    }
    storage::write_file_durably(file_, value.dump());
}

}  // namespace qiao::app::backup
