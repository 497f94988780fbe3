#include "exchange/gateway_queue.hpp"

#include "base/error.hpp"
#include "base/json_value.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "storage/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <tuple>

namespace qiao::exchange {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using json::Value;

constexpr std::uint64_t kSmallStudy_bytes = 16ULL << 20U;
constexpr auto kWaitsLong = 15min;
constexpr std::string_view kSuffix = ".object";

/// All that ordering needs, so that a start opens no file: received-study-order-length-digest.object
std::string name_of(const GatewayItem& item) {
    return fmt::format("{:016x}-{}-{}-{}-{}{}", to_us(item.received), item.study, item.goes_first ? 'f' : 'n', item.length, item.digest, kSuffix);
}

template <class Number>
bool read_number(std::string_view text, Number& value, int base) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc() && end == text.data() + text.size();
}

std::optional<GatewayItem> item_of(std::string_view name) {
    if (!name.ends_with(kSuffix)) return std::nullopt;
    const auto parts = split(name.substr(0, name.size() - kSuffix.size()), '-');
    if (parts.size() != 5 || parts[4].size() != 64) return std::nullopt;
    GatewayItem item{.digest = std::string(parts[4]), .study = std::string(parts[1]), .goes_first = parts[2] == "f"};
    std::int64_t received_us = 0;
    if (!read_number(parts[0], received_us, 16) || !read_number(parts[3], item.length, 10)) return std::nullopt;
    item.received = from_us(received_us);
    return item;
}

void sync_file(const std::string& path) {
    const storage::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) storage::throw_errno(errno, "open of a queued object");
    if (::fdatasync(file.get()) != 0) storage::throw_errno(errno, "sync of a queued object");
}

void move_file(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) storage::throw_errno(errno, "rename of a queued object");
}

/// Removes what was not finished.
struct Unfinished {
    std::string path;
    ~Unfinished() {
        if (!path.empty()) ::unlink(path.c_str());
    }
};

}  // namespace

GatewayQueue::GatewayQueue(std::string folder, storage::SealingKeys keys) : folder_(std::move(folder)), keys_(std::move(keys)) {
    for (const char* part : {"", "/queue", "/refused", "/arriving"}) storage::make_folder(folder_ + part);
    std::error_code ignored;
    for (const auto& left : fs::directory_iterator(folder_ + "/arriving", ignored)) fs::remove(left.path(), ignored);
    read_queue();
    read_refused();
}

void GatewayQueue::read_queue() {
    std::error_code failed;
    for (const auto& file : fs::directory_iterator(folder_ + "/queue", failed)) {
        const auto item = item_of(file.path().filename().string());
        if (item && !by_digest_.contains(item->digest)) add(*item);
    }
    if (failed) throw Error(ErrorKind::unavailable, "storage.failed", "the queue cannot be read");
}

void GatewayQueue::read_refused() {
    std::error_code failed;
    for (const auto& file : fs::directory_iterator(folder_ + "/refused", failed)) {
        const auto item = item_of(file.path().filename().string());
        if (!item) continue;
        const std::string note = folder_ + "/refused/" + item->digest + ".json";
        const auto said = fs::exists(note) ? json::parse(storage::read_file(note)) : json::parse("{}");
        GatewayRefused one{.item = *item};
        if (said) {
            one.title = (*said)["title"].text();
            one.reason = (*said)["reason"].text();
            one.at = parse_instant((*said)["at"].text()).value_or(Instant{});
        }
        refused_[item->digest] = std::move(one);
    }
}

std::string GatewayQueue::path_of(const GatewayItem& item) const { return folder_ + "/queue/" + name_of(item); }

void GatewayQueue::add(const GatewayItem& item) {
    Study& study = studies_[item.study];
    study.items[{item.received, item.digest}] = {item};
    study.bytes += item.length;
    study.first += item.goes_first ? 1 : 0;
    by_digest_[item.digest] = item;
    ++objects_;
    bytes_ += item.length;
}

void GatewayQueue::remove(const GatewayItem& item) {
    if (by_digest_.erase(item.digest) == 0) return;
    const auto study = studies_.find(item.study);
    study->second.items.erase({item.received, item.digest});
    study->second.bytes -= item.length;
    study->second.first -= item.goes_first ? 1 : 0;
    if (study->second.items.empty()) studies_.erase(study);
    --objects_;
    bytes_ -= item.length;
}

GatewayQueue::Waiting* GatewayQueue::find(const GatewayItem& item) {
    const auto study = studies_.find(item.study);
    if (study == studies_.end()) return nullptr;
    const auto found = study->second.items.find({item.received, item.digest});
    return found == study->second.items.end() ? nullptr : &found->second;
}

void GatewayQueue::put(const GatewayItem& item, const GatewayLabel& label, std::string_view head, std::string_view dataset) {
    {
        const std::lock_guard lock(mutex_);
        if (by_digest_.contains(item.digest)) return;
        // A second association with the same object waits for nothing: its sender tries again.
        if (!writing_.insert(item.digest).second) throw Error(ErrorKind::unavailable, "storage.failed", "the same object is just being written");
    }
    struct Written {
        GatewayQueue& queue;
        const std::string& digest;
        ~Written() {
            const std::lock_guard lock(queue.mutex_);
            queue.writing_.erase(digest);
        }
    };
    const Written written{*this, item.digest};
    Unfinished file{folder_ + "/arriving/" + item.digest};
    {
        storage::SealedWriter writer(file.path, keys_.open);
        Value said;
        said.set("sop", label.sop_instance);
        said.set("title", label.title);
        writer.write(said.dump() + "\n");
        writer.write(head);
        writer.write(dataset);
        writer.finish();
    }
    sync_file(file.path);
    move_file(file.path, path_of(item));
    file.path.clear();
    storage::sync_folder(folder_ + "/queue");
    const std::lock_guard lock(mutex_);
    add(item);
}

std::optional<GatewayItem> GatewayQueue::take(std::chrono::steady_clock::time_point now, Instant wall) {
    const std::lock_guard lock(mutex_);
    Waiting* best = nullptr;
    std::tuple<int, Instant> best_rank;
    for (auto& [name, study] : studies_) {
        auto& items = study.items;
        const Instant oldest = items.begin()->first.first;
        const bool soon = study.bytes <= kSmallStudy_bytes || wall - oldest > kWaitsLong;
        const std::tuple rank(study.first > 0 ? 0 : soon ? 1 : 2, oldest);
        if (best != nullptr && !(rank < best_rank)) continue;
        const auto ready = std::find_if(items.begin(), items.end(), [&](const auto& one) { return !one.second.taken && one.second.not_before <= now; });
        if (ready == items.end()) continue;
        best = &ready->second;
        best_rank = rank;
    }
    if (best == nullptr) return std::nullopt;
    best->taken = true;
    return best->item;
}

void GatewayQueue::done(const GatewayItem& item) {
    const std::string path = path_of(item);
    // A file that a power cut brings back is sent again, and the centre says that it has it.
    ::unlink(path.c_str());
    const std::lock_guard lock(mutex_);
    remove(item);
}

void GatewayQueue::later(const GatewayItem& item, std::chrono::steady_clock::time_point when) {
    const std::lock_guard lock(mutex_);
    if (Waiting* waiting = find(item)) {
        waiting->taken = false;
        waiting->not_before = when;
    }
}

void GatewayQueue::hurry() {
    const std::lock_guard lock(mutex_);
    for (auto& [name, study] : studies_)
        for (auto& [key, waiting] : study.items) waiting.not_before = {};
}

void GatewayQueue::refuse(const GatewayItem& item, const std::string& title, const std::string& reason, Instant at) {
    Value said;
    said.set("title", title);
    said.set("reason", reason);
    said.set("at", format_instant(at));
    storage::write_file_durably(folder_ + "/refused/" + item.digest + ".json", said.dump());
    move_file(path_of(item), folder_ + "/refused/" + name_of(item));
    storage::sync_folder(folder_ + "/refused");
    storage::sync_folder(folder_ + "/queue");
    const std::lock_guard lock(mutex_);
    remove(item);
    refused_[item.digest] = {item, title, reason, at};
}

std::vector<GatewayRefused> GatewayQueue::refused() const {
    const std::lock_guard lock(mutex_);
    std::vector<GatewayRefused> all;
    for (const auto& [digest, one] : refused_) all.push_back(one);
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.at > b.at; });
    return all;
}

int GatewayQueue::retry_refused() {
    const std::lock_guard lock(mutex_);
    int moved = 0;
    for (const auto& [digest, one] : refused_) {
        move_file(folder_ + "/refused/" + name_of(one.item), path_of(one.item));
        ::unlink((folder_ + "/refused/" + digest + ".json").c_str());
        if (!by_digest_.contains(digest)) add(one.item);
        ++moved;
    }
    refused_.clear();
    storage::sync_folder(folder_ + "/queue");
    return moved;
}

bool GatewayQueue::discard(const std::string& digest) {
    const std::lock_guard lock(mutex_);
    const auto found = refused_.find(digest);
    if (found == refused_.end()) return false;
    ::unlink((folder_ + "/refused/" + name_of(found->second.item)).c_str());
    ::unlink((folder_ + "/refused/" + digest + ".json").c_str());
    storage::sync_folder(folder_ + "/refused");
    refused_.erase(found);
    return true;
}

GatewayCounts GatewayQueue::counts() const {
    const std::lock_guard lock(mutex_);
    GatewayCounts counts{objects_, bytes_, std::nullopt, static_cast<std::int64_t>(refused_.size())};
    for (const auto& [name, study] : studies_) {
        const Instant oldest = study.items.begin()->first.first;
        if (!counts.oldest || oldest < *counts.oldest) counts.oldest = oldest;
    }
    return counts;
}

GatewayObject::GatewayObject(const GatewayQueue& queue, const GatewayItem& item) : path_(queue.path_of(item)), keys_(queue.keys()), length_(item.length) {
    open();
}

void GatewayObject::open() {
    reader_.emplace(path_, &keys_);
    buffer_.clear();
    buffer_offset_ = 0;
    while (buffer_.find('\n') == std::string::npos) {
        if (!more()) throw Error(ErrorKind::unavailable, "exchange.queue_damaged", "a queued object is damaged");
    }
    const auto end = buffer_.find('\n');
    const auto said = json::parse(std::string_view(buffer_).substr(0, end));
    if (!said) throw Error(ErrorKind::unavailable, "exchange.queue_damaged", "a queued object is damaged");
    label_ = {(*said)["sop"].text(), (*said)["title"].text()};
    buffer_.erase(0, end + 1);
}

bool GatewayObject::more() {
    const auto piece = reader_->next();
    if (!piece) return false;
    buffer_ += *piece;
    return true;
}

std::string_view GatewayObject::read(std::uint64_t offset, std::size_t length) {
    if (offset < buffer_offset_) open();
    const std::uint64_t end = std::min<std::uint64_t>(length_, offset + length);
    for (;;) {
        const std::uint64_t passed = std::min<std::uint64_t>(offset - buffer_offset_, buffer_.size());
        buffer_.erase(0, passed);
        buffer_offset_ += passed;
        if (buffer_offset_ + buffer_.size() >= end && buffer_offset_ == offset) break;
        if (!more()) throw Error(ErrorKind::unavailable, "exchange.queue_damaged", "a queued object is damaged");
    }
    return std::string_view(buffer_).substr(0, end - offset);
}

}  // namespace qiao::exchange
