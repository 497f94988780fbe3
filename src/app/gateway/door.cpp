#include "app/gateway/door.hpp"

#include "base/digest.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "storage/file.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>

namespace qiao::app::gateway {
namespace {

using json::Value;
using Outcome = imaging::IngestResult::Outcome;

constexpr int kFull_percent = 90;  // of the disk: the rest is for what is arriving and for the system
constexpr const char* kDevicesFile = "/devices.json";
constexpr const char* kUsesFile = "/devices-use.json";
constexpr std::size_t kRefusalRows = 200;
constexpr std::size_t kReportedCallers = 40;

Value value_of(const Device& device) {
    Value value;
    value.set("id", device.id);
    value.set("title", device.title);
    value.set("address", device.address);
    value.set("port", static_cast<int>(device.port));
    value.set("charset", device.charset);
    value.set("mayStore", device.may_store);
    value.set("first", device.first);
    return value;
}

Value time_value(Instant at) { return at == Instant{} ? Value() : Value(format_instant(at)); }

}  // namespace

std::vector<Device> read_devices(const Value& list) {
    std::vector<Device> devices;
    for (const Value& one : list.items()) {
        devices.push_back({.id = one["id"].text(),
                           .title = one["title"].text(),
                           .address = one["address"].text(),
                           .port = static_cast<std::uint16_t>(one["port"].integer().value_or(0)),
                           .charset = one["charset"].text(),
                           .may_store = one["mayStore"].truth(),
                           .first = one["first"].truth()});
    }
    return devices;
}

Door::Door(std::string folder, exchange::GatewayQueue& queue, const Clock& clock, std::function<void()> queued)
    : folder_(std::move(folder)), arriving_(folder_ + "/arriving"), queue_(queue), clock_(clock), queued_(std::move(queued)) {
    const auto kept = [this](const char* name) {
        const std::string path = folder_ + name;
        auto said = std::filesystem::exists(path) ? json::parse(storage::read_file(path)) : json::parse("[]");
        return said ? *std::move(said) : Value::array();
    };
    devices_ = read_devices(kept(kDevicesFile));
    const Value uses = kept(kUsesFile);
    for (const Value& row : uses.items()) {
        const auto time = [&](const char* field) { return parse_instant(row[field].text()).value_or(Instant{}); };
        uses_[{row["title"].text(), row["address"].text()}] = {time("lastAssociation"), time("lastObject"), row["objects"].integer().value_or(0)};
    }
}

Value Door::uses() const {
    Value devices = Value::array();
    for (const auto& [caller, use] : uses_) {
        Value row;
        row.set("title", caller.first);
        row.set("address", caller.second);
        row.set("lastAssociation", time_value(use.association));
        row.set("lastObject", time_value(use.object));
        row.set("objects", use.objects);
        devices.push(std::move(row));
    }
    return devices;
}

void Door::save_uses() {
    std::string text;
    {
        const std::lock_guard lock(mutex_);
        if (!uses_changed_) return;
        uses_changed_ = false;
        text = uses().dump();
    }
    storage::write_file_durably(folder_ + kUsesFile, text);
}

void Door::set_devices(std::vector<Device> devices) {
    {
        const std::lock_guard lock(mutex_);
        if (devices == devices_) return;
    }
    Value list = Value::array();
    for (const Device& device : devices) list.push(value_of(device));
    storage::write_file_durably(folder_ + kDevicesFile, list.dump());
    const std::lock_guard lock(mutex_);
    devices_ = std::move(devices);
}

std::optional<Device> Door::device(std::string_view id) const {
    const std::lock_guard lock(mutex_);
    for (const Device& device : devices_)
        if (device.id == id) return device;
    return std::nullopt;
}

std::optional<imaging::Ae> Door::listed(std::string_view title, std::string_view address) const {
    const std::lock_guard lock(mutex_);
    for (const Device& device : devices_) {
        if (device.title != title || device.address != address) continue;
        return imaging::Ae{.title = device.title,
                           .address = device.address,
                           .port = device.port,
                           .default_charset = device.charset,
                           .may_store = device.may_store,
                           .goes_first = device.first};
    }
    return std::nullopt;
}

imaging::IngestResult Door::ingest(const imaging::Walked& walked, imaging::FileMeta meta, std::string_view dataset, std::string digest,
                                   const imaging::Source& source) {
    imaging::IngestResult result = imaging::named(walked, meta);
    if (result.outcome != Outcome::stored) return result;
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = std::any_of(devices_.begin(), devices_.end(), [&](const Device& device) { return device.first && device.title == source.ae; });
    }
    meta.sop_class = result.sop_class;
    meta.sop_instance = result.sop_instance;
    meta.source_ae = source.ae;
    const std::string head = imaging::make_file_meta(meta);
    const exchange::GatewayItem item{.digest = to_hex(digest),
                                     .study = to_hex(sha256(result.study)).substr(0, 16),
                                     .length = head.size() + dataset.size(),
                                     .goes_first = first,
                                     .received = clock_.now()};
    // A boundary: an object that cannot be kept is refused, the association goes on.
    try {
        queue_.put(item, {result.sop_instance, source.ae}, head, dataset);
    } catch (const Error& error) {
        log::error("gateway.not_queued", {{"code", error.code()}});
        result.outcome = Outcome::full;
        result.reason = error.code() == "storage.full" ? imaging::refusal::kDiskFull : std::string_view("the storage does not answer");
        return result;
    }
    queued_();
    return result;
}

int Door::disk_percent() const {
    struct statvfs disk {};
    if (::statvfs(folder_.c_str(), &disk) != 0 || disk.f_blocks == 0) return 0;
    const auto used = disk.f_blocks - disk.f_bfree;
    return static_cast<int>(used * 100 / std::max<std::uint64_t>(1, used + disk.f_bavail));
}

bool Door::has_room() const { return disk_percent() < kFull_percent; }

void Door::note_refusal(const imaging::Refusal& refusal) {
    const std::lock_guard lock(mutex_);
    if (refusals_.size() >= kRefusalRows)
        refusals_.erase(std::min_element(refusals_.begin(), refusals_.end(), [](const auto& a, const auto& b) { return a.second.last.at < b.second.last.at; }));
    auto& group = refusals_[{{refusal.calling, refusal.address}, refusal.reason}];
    group.last = refusal;
    ++group.count;
}

void Door::note_association(const imaging::Ae& ae, Instant at) {
    const std::lock_guard lock(mutex_);
    uses_[{ae.title, ae.address}].association = at;
    uses_changed_ = true;
}

void Door::note_objects(const imaging::Ae& ae, std::int64_t count, Instant last) {
    const std::lock_guard lock(mutex_);
    Use& use = uses_[{ae.title, ae.address}];
    use.object = last;
    use.objects += count;
    uses_changed_ = true;
}

void Door::write_report(Value& report) const {
    const std::lock_guard lock(mutex_);
    report.set("devices", uses());
    std::vector<const imaging::RefusalGroup*> newest;
    for (const auto& [key, group] : refusals_) newest.push_back(&group);
    std::sort(newest.begin(), newest.end(), [](const auto* a, const auto* b) { return a->last.at > b->last.at; });
    Value callers = Value::array();
    for (const auto* group : newest) {
        if (callers.size() >= kReportedCallers) break;
        Value row;
        row.set("kind", group->last.kind);
        row.set("calling", group->last.calling);
        row.set("called", group->last.called);
        row.set("address", group->last.address);
        row.set("reason", group->last.reason);
        row.set("at", format_instant(group->last.at));
        row.set("count", group->count);
        callers.push(std::move(row));
    }
    report.set("callers", std::move(callers));
}

}  // namespace qiao::app::gateway
