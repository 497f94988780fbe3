#include "access/password.hpp"

#include "base/error.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "base/worker_pool.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <thread>

namespace qiao::access {
namespace {

constexpr std::size_t kShortest = 10;  // characters

/// Parts that guessers try first. A password that is one of these with a little around it is no password.
constexpr std::array<std::string_view, 22> kCommon = {"password", "passw0rd", "qwertyuiop",    "asdfghjkl", "zxcvbnm",  "1q2w3e4r", "qazwsx", "letmein",
                                                      "welcome",  "iloveyou", "administrator", "admin",     "hospital", "doctor",   "woaini", "qiao",
                                                      "123456",   "654321",   "111111",        "000000",    "888888",   "abc123"};

std::size_t length_in_characters(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// What stays when every common part, and everything that only repeats or counts up or down, is taken away.
std::size_t uncommon_characters(std::string text, std::string_view login) {
    const auto take_out = [&text](std::string_view part) {
        for (std::size_t at = text.find(part); !part.empty() && at != std::string::npos; at = text.find(part)) text.erase(at, part.size());
    };
    if (login.size() >= 3) take_out(login);
    for (const std::string_view part : kCommon) take_out(part);
    std::size_t left = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int step = i == 0 ? 2 : static_cast<unsigned char>(text[i]) - static_cast<unsigned char>(text[i - 1]);
        if (step < -1 || step > 1) ++left;
    }
    return left;
}

}  // namespace

class PasswordHasher::Place {
public:
    explicit Place(PasswordHasher& hasher) : hasher_(hasher) {
        std::unique_lock lock(hasher_.mutex_);
        if (hasher_.waiting_ >= hasher_.cost_.waiting_limit) throw Error(ErrorKind::unavailable, "access.busy", "too many people sign in at this moment");
        ++hasher_.waiting_;
        hasher_.free_.wait(lock, [&] { return hasher_.running_ < hasher_.cost_.at_once; });
        --hasher_.waiting_;
        ++hasher_.running_;
    }
    ~Place() {
        {
            const std::lock_guard lock(hasher_.mutex_);
            --hasher_.running_;
        }
        hasher_.free_.notify_one();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

private:
    PasswordHasher& hasher_;
};

PasswordHasher::PasswordHasher(PasswordCost cost)
    : cost_([&] {
          if (cost.at_once == 0) cost.at_once = std::max(1U, std::thread::hardware_concurrency() / 2);
          return cost;
      }()) {
    if (sodium_init() < 0) throw Error(ErrorKind::internal, "access.sodium", "libsodium does not start");
    dummy_ = hash("a name that nobody has");
}

void PasswordHasher::require_good(std::string_view password, std::string_view login) {
    if (password.size() > limits::kPassword_bytes) throw Error(ErrorKind::invalid, "access.password_long", "a password has at most 256 bytes");
    if (!is_utf8(password) || length_in_characters(password) < kShortest) {
        throw Error(ErrorKind::invalid, "access.password_short", "a password has at least 10 characters");
    }
    if (uncommon_characters(lower(password), lower(login)) < 4) {
        throw Error(ErrorKind::invalid, "access.password_common", "this password is easy to guess");
    }
}

std::string PasswordHasher::hash(std::string_view password) {
    const WorkerPool::Waiting waiting;
    const Place place(*this);
    std::array<char, crypto_pwhash_STRBYTES> text{};
    if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), cost_.passes, cost_.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        throw Error(ErrorKind::unavailable, "access.busy", "no memory for a password hash");
    }
    return text.data();
}

bool PasswordHasher::matches(std::string_view kept, std::string_view password) {
    const bool known = !kept.empty();
    const std::string text(known ? kept : std::string_view(dummy_));
    if (password.size() > limits::kPassword_bytes) return false;
    const WorkerPool::Waiting waiting;
    const Place place(*this);
    return crypto_pwhash_str_verify(text.c_str(), password.data(), password.size()) == 0 && known;
}

}  // namespace qiao::access
