#pragma once

#include "flow/notifier.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

/// Sends one-time codes to patients' phones on a thread of its own, so that nobody can tell by the time of an answer whether a
/// number is known. Tried once: a code that does not come is asked for again. Thread-safe.
namespace qiao::app {

class PatientSms {
public:
    explicit PatientSms(flow::Notifier& notifier);

    [[nodiscard]] bool available() const { return notifier_.has("sms"); }
    void send(const std::string& phone, const std::string& language, const std::string& text);

private:
    void run(const std::stop_token& stop);

    flow::Notifier& notifier_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::deque<flow::Told> queue_;
    std::jthread thread_;
};

}  // namespace qiao::app
