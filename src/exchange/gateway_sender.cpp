#include "exchange/gateway_sender.hpp"

#include "base/error.hpp"
#include "base/json_value.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <random>

namespace qiao::exchange {
namespace {

using namespace std::chrono_literals;
using Time = std::chrono::steady_clock;

constexpr int kAtOnce = 4;
constexpr std::size_t kPieceLeast_bytes = 16 * 1024;  ///< on a line that breaks before it has carried more
constexpr std::size_t kPieceUsual_bytes = 256 * 1024;
constexpr std::size_t kPieceMost_bytes = 1024 * 1024;
constexpr auto kPieceFast = 1s;  ///< a piece that took less is followed by one of twice the size
constexpr auto kRestMost = 30s;
constexpr auto kObjectRestMost = 10min;
constexpr int kWrongDigests = 3;
constexpr auto kSpeedTime = 10s;

/// 1 s, 2 s, 4 s … up to `most`, each between half of it and all of it, so that gateways do not come back together.
std::chrono::milliseconds rest_after(int failures, std::chrono::milliseconds most) {
    static thread_local std::minstd_rand random{std::random_device{}()};
    const auto whole = std::min<std::chrono::milliseconds>(most, std::chrono::milliseconds(1000) * (1 << std::min(failures - 1, 12)));
    return whole / 2 + std::chrono::milliseconds(random() % static_cast<unsigned>(whole.count() / 2 + 1));
}

std::string code_in(const HubAnswer& answer) {
    const auto said = json::parse(answer.body);
    if (!said) return "http_" + std::to_string(answer.status);
    const std::string& code = (*said)["issue"].at(0)["details"]["coding"].at(0)["code"].text();
    if (!code.empty()) return code;
    return (*said)["error"].is_string() ? (*said)["error"].text() : "http_" + std::to_string(answer.status);
}

}  // namespace

/// One thread's line and what it learnt about it.
class GatewaySender::Worker {
public:
    explicit Worker(GatewaySender& sender) : sender_(sender), line_(sender.address_, sender.stopping_) { line_.set_limit(sender.limit_bytes_per_s_); }

    enum class Outcome : std::uint8_t {
        done,
        refused,
        line_failed,    ///< nothing can be sent now
        object_failed,  ///< this one cannot: others may
    };
    Outcome send(const GatewayItem& item);

    std::string reason;  ///< of `refused`
    std::string title;

private:
    HubAnswer call(const char* method, const GatewayItem& item, HubLine::Headers headers, std::string_view body);
    Outcome failed(const HubAnswer& answer);
    Outcome send_pieces(GatewayObject& object, const GatewayItem& item, std::uint64_t offset);
    bool ended(const HubAnswer& answer, Outcome& outcome);
    /// How much of it the centre has, into offset_: 0 only when it says that it has nothing. @return false: `outcome` is the end
    bool ask_offset(const GatewayObject& object, const GatewayItem& item, Outcome& outcome);
    /// The centre says what cannot be: later it may say something else.
    Outcome contradicted() {
        sender_.note_problem("contradiction");
        return Outcome::object_failed;
    }

    GatewaySender& sender_;
    HubLine line_;
    std::uint64_t offset_ = 0;
};

HubAnswer GatewaySender::Worker::call(const char* method, const GatewayItem& item, HubLine::Headers headers, std::string_view body) {
    for (int attempt = 0;; ++attempt) {
        HubAnswer answer;
        const std::string token = sender_.token_.get(line_, answer);
        if (token.empty()) return answer;
        HubLine::Headers all = headers;
        all.emplace_back("Authorization", "Bearer " + token);
        answer = line_.request(method, "/imaging/gateway/objects/" + item.digest, all, body);
        if (answer.status != 401 || attempt > 0) return answer;
        sender_.token_.drop(token);
    }
}

/// The centre is not there, or does not know us: then nothing else can be sent either.
GatewaySender::Worker::Outcome GatewaySender::Worker::failed(const HubAnswer& answer) {
    if (answer.failure == "stopped") return Outcome::line_failed;
    sender_.note_problem(answer.failure.empty() ? code_in(answer) : answer.failure);
    const bool line = answer.status == 0 || answer.status == 401 || answer.status == 403 || answer.status == 404 || answer.status == 429 ||
                      answer.status == 502 || answer.status == 503 || answer.status == 504;
    return line ? Outcome::line_failed : Outcome::object_failed;
}

bool GatewaySender::Worker::ended(const HubAnswer& answer, Outcome& outcome) {
    if (answer.status != 200) {
        outcome = failed(answer);
        return true;
    }
    const auto said = json::parse(answer.body);
    if (!said) {
        outcome = contradicted();
        return true;
    }
    const std::string& state = (*said)["state"].text();
    if (state == "open") {
        const auto offset = (*said)["offset"].integer();
        if (!offset || *offset <= 0) {
            outcome = contradicted();
            return true;
        }
        offset_ = static_cast<std::uint64_t>(*offset);
        return false;
    }
    reason = (*said)["reason"].text();
    // `kept`: the centre has the bytes and tells its own people that they contradict others.
    outcome = state == "refused" ? Outcome::refused : Outcome::done;
    return true;
}

bool GatewaySender::Worker::ask_offset(const GatewayObject& object, const GatewayItem& item, Outcome& outcome) {
    offset_ = 0;
    const HubAnswer answer = call("GET", item, {{"Sop-Instance-Uid", object.label().sop_instance}}, {});
    if (answer.status == 404 && code_in(answer) == "imaging.no_upload") return true;
    return !ended(answer, outcome);
}

GatewaySender::Worker::Outcome GatewaySender::Worker::send(const GatewayItem& item) {
    GatewayObject object(sender_.queue_, item);
    title = object.label().title;
    offset_ = 0;
    Outcome outcome = Outcome::done;
    if (sender_.may_be_there_in_part(item) && !ask_offset(object, item, outcome)) return outcome;
    return send_pieces(object, item, offset_);
}

GatewaySender::Worker::Outcome GatewaySender::Worker::send_pieces(GatewayObject& object, const GatewayItem& item, std::uint64_t offset) {
    int wrong = 0;
    Outcome outcome = Outcome::done;
    for (;;) {
        // All of it may be there already, but not filed: its last byte asks the centre to go on.
        offset = std::min(offset, item.length - 1);
        const std::string_view piece = object.read(offset, sender_.piece_bytes());
        const auto began = Time::now();
        const HubAnswer answer = call("PUT", item,
                                      {{"Content-Type", "application/octet-stream"},
                                       {"Upload-Offset", std::to_string(offset)},
                                       {"Upload-Length", std::to_string(item.length)},
                                       {"Sop-Instance-Uid", object.label().sop_instance},
                                       {"Calling-Ae", object.label().title}},
                                      piece);
        if (answer.status == 409 && code_in(answer) == "imaging.upload_offset") {
            if (!ask_offset(object, item, outcome)) return outcome;
            if (offset_ == offset) return contradicted();
            offset = offset_;
            continue;
        }
        if (answer.status == 422 && code_in(answer) == "imaging.digest_mismatch" && ++wrong < kWrongDigests) {
            offset = 0;  // what was there before is gone
            continue;
        }
        if (answer.status == 413 || answer.status == 400 || answer.status == 422) {
            reason = code_in(answer);
            return Outcome::refused;
        }
        if (answer.status == 200) sender_.note_sent(piece.size(), Time::now() - began < kPieceFast);
        if (answer.status == 0) sender_.note_broken();
        if (ended(answer, outcome)) return outcome;
        offset = offset_;
    }
}

GatewaySender::GatewaySender(GatewayQueue& queue, const HubAddress& address, HubToken& token, const Clock& clock, std::uint64_t limit_bytes_per_s)
    : queue_(queue), address_(address), token_(token), clock_(clock), limit_bytes_per_s_(limit_bytes_per_s), piece_bytes_(kPieceUsual_bytes), started_(clock.now()) {
    const int threads = limit_bytes_per_s > 0 ? 1 : kAtOnce;
    for (int number = 0; number < threads; ++number) threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
}

GatewaySender::~GatewaySender() { stop(); }

void GatewaySender::stop() {
    stopping_ = true;
    for (auto& thread : threads_) thread.request_stop();
    wake();
    threads_.clear();
}

void GatewaySender::wake() {
    const std::lock_guard lock(mutex_);
    ++wakes_;
    wake_.notify_all();
}

void GatewaySender::hurry() {
    {
        const std::lock_guard lock(mutex_);
        line_failures_ = 0;
        line_rests_until_ = {};
    }
    queue_.hurry();
    wake();
}

void GatewaySender::note_sent(std::uint64_t bytes, bool fast) {
    const std::lock_guard lock(mutex_);
    progress_.bytes += bytes;
    recent_.emplace_back(Time::now(), bytes);
    line_failures_ = 0;
    // Back to the usual size by what the line has shown to carry, beyond it only while that takes no time.
    piece_bytes_ = std::min(fast || piece_bytes_ < kPieceUsual_bytes ? piece_bytes_ * 2 : piece_bytes_, fast ? kPieceMost_bytes : kPieceUsual_bytes);
}

/// What was under way is lost: the next piece is half as long, so that a line that breaks often carries something each time.
void GatewaySender::note_broken() {
    const std::lock_guard lock(mutex_);
    piece_bytes_ = std::max(piece_bytes_ / 2, kPieceLeast_bytes);
}

/// What fits into one piece was sent in parts only where the line broke: in this run, or in one that left it in the queue.
bool GatewaySender::may_be_there_in_part(const GatewayItem& item) const {
    if (item.length <= kPieceLeast_bytes) return false;
    return item.length > kPieceUsual_bytes || item.received < started_ || piece_bytes() < kPieceUsual_bytes;
}

std::size_t GatewaySender::piece_bytes() const {
    const std::lock_guard lock(mutex_);
    return piece_bytes_;
}

void GatewaySender::note_problem(const std::string& code) {
    log::warning("gateway.problem", {{"code", code}});
    const std::lock_guard lock(mutex_);
    progress_.problem = {code, clock_.now()};
}

GatewayProgress GatewaySender::progress() const {
    const std::lock_guard lock(mutex_);
    GatewayProgress now = progress_;
    const auto since = Time::now() - kSpeedTime;
    std::uint64_t bytes = 0;
    for (const auto& [at, sent] : recent_)
        if (at >= since) bytes += sent;
    now.bytes_per_s = bytes / static_cast<std::uint64_t>(std::chrono::seconds(kSpeedTime).count());
    return now;
}

void GatewaySender::run(const std::stop_token& stop) {
    Worker worker(*this);
    std::map<std::string, int> failures;  // of objects that this thread tried
    while (!stop.stop_requested()) {
        std::optional<GatewayItem> item;
        {
            std::unique_lock lock(mutex_);
            const std::uint64_t seen = wakes_;
            const bool rests = Time::now() < line_rests_until_;
            if (!rests) item = queue_.take(Time::now(), clock_.now());
            if (!item) {
                const auto until = rests ? std::min(line_rests_until_, Time::now() + 5s) : Time::now() + 1s;
                wake_.wait_until(lock, stop, until, [&] { return wakes_ != seen; });
                continue;
            }
            while (!recent_.empty() && recent_.front().first < Time::now() - kSpeedTime) recent_.pop_front();
        }
        // A boundary: one object that cannot be read stays in the queue and stops no other.
        Worker::Outcome outcome = Worker::Outcome::object_failed;
        try {
            outcome = worker.send(*item);
            if (outcome == Worker::Outcome::done) queue_.done(*item);
            if (outcome == Worker::Outcome::refused) queue_.refuse(*item, worker.title, worker.reason, clock_.now());
        } catch (const Error& error) {
            note_problem(std::string(error.code()));
            outcome = Worker::Outcome::object_failed;
        }
        const std::lock_guard lock(mutex_);
        if (outcome == Worker::Outcome::done || outcome == Worker::Outcome::refused) {
            failures.erase(item->digest);
            line_failures_ = 0;
            if (outcome == Worker::Outcome::done) {
                ++progress_.objects;
                progress_.last_object = clock_.now();
            }
            continue;
        }
        if (outcome == Worker::Outcome::line_failed) {
            if (Time::now() >= line_rests_until_) line_rests_until_ = Time::now() + rest_after(++line_failures_, kRestMost);
            queue_.later(*item, {});
        } else {
            queue_.later(*item, Time::now() + rest_after(++failures[item->digest], kObjectRestMost));
        }
    }
}

}  // namespace qiao::exchange
