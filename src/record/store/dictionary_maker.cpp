#include "record/store/dictionary_maker.hpp"

#include "base/error.hpp"
#include "base/log.hpp"

#include <vector>

namespace qiao::record {
namespace {

constexpr std::int64_t kEnough = 3'000;  // bodies without a dictionary
constexpr Rid kSamples = 4'000;
constexpr std::size_t kSample_bytes = 8 << 10;  // a longer text shrinks by itself

/// Some of the newest resources: what comes will be like them.
std::vector<std::string> samples_of(Core& core, const std::stop_token& stop) {
    std::vector<std::string> samples;
    const auto snapshot = core.database.read();
    auto rows = snapshot->connection().query("SELECT body FROM res WHERE state = 0 ORDER BY rid DESC LIMIT ?", {kSamples});
    while (rows.next() && !stop.stop_requested()) {
        std::string text;
        core.bodies.unpack(rows.text(0), text);
        if (text.size() <= kSample_bytes) samples.push_back(std::move(text));
    }
    return samples;
}

}  // namespace

void DictionaryMaker::look() {
    if (core_.bodies.has_dictionary() || core_.bodies.packed_without() < kEnough || begun_.exchange(true)) return;
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

/// A boundary: without a dictionary bodies are only larger.
void DictionaryMaker::run(const std::stop_token& stop) {
    try {
        const std::string bytes = train_dictionary(samples_of(core_, stop));
        if (bytes.empty() || stop.stop_requested()) return;
        core_.writer.submit({{}, [&](storage::Group& group) {
                                 group.connection().execute("INSERT INTO dict(id, bytes) VALUES(?, ?) ON CONFLICT DO NOTHING",
                                                            {Bodies::kFirst, storage::Blob{bytes}});
                             }});
        const auto snapshot = core_.database.read();
        core_.bodies.load(snapshot->connection());
        log::info("record.dictionary_made", {{"bytes", static_cast<std::int64_t>(bytes.size())}});
    } catch (const Error& error) {
        log::warning("record.dictionary_failed", {{"code", error.code()}});
    }
}

}  // namespace qiao::record
