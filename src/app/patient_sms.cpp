#include "app/patient_sms.hpp"

#include "base/id.hpp"
#include "base/log.hpp"

namespace qiao::app {
namespace {

constexpr std::size_t kQueued = 1000;

}  // namespace

PatientSms::PatientSms(flow::Notifier& notifier) : notifier_(notifier), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void PatientSms::send(const std::string& phone, const std::string& language, const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= kQueued) return;
    queue_.push_back({.key = new_random_uuid(),
                      .channel = "sms",
                      .address = phone,
                      .language = language == "en" ? "en" : "zh",
                      .subject = {},
                      .text = text,
                      .urgency = "urgent",
                      .callback = {}});
    wake_.notify_one();
}

void PatientSms::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (wake_.wait(lock, stop, [this] { return !queue_.empty(); })) {
        const flow::Told told = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        const flow::SendResult result = notifier_.send(told);
        if (result.kind != flow::SendResult::Kind::accepted) log::warning("patient.code_not_sent", {{"reason", result.reason}});
        lock.lock();
    }
}

}  // namespace qiao::app
