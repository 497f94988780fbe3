// Questions to the terminology without sockets, a second, one JSON line each; and a code system of 100,000 concepts in memory.

#include "record/terminology/expand.hpp"
#include "record/validate/parse.hpp"

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <string>

namespace {

using namespace qiao;
using namespace qiao::record::terminology;

void measure(const char* what, const std::function<bool()>& once) {
    bool right = once();
    const auto start = std::chrono::steady_clock::now();
    std::int64_t rounds = 0;
    while (std::chrono::steady_clock::now() - start < std::chrono::seconds(1)) {
        for (int i = 0; i < 100; ++i) right = once() && right;
        rounds += 100;
    }
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    fmt::print("{{\"what\":\"{}\",\"right\":{},\"per_s\":{:.0f}}}\n", what, right, static_cast<double>(rounds) / spent.count());
}

std::string large_system(int concepts) {
    std::string json = R"({"resourceType":"CodeSystem","url":"urn:large","status":"active","content":"complete","concept":[{"code":"root","concept":[)";
    for (int i = 0; i < concepts; ++i) json += fmt::format(R"({}{{"code":"K{}","display":"A concept with the number {}"}})", i == 0 ? "" : ",", i, i);
    return json + "]}]}";
}

bool is_in(const char* set, std::string_view system, std::string_view code) {
    Trail trail;
    return SetTest(builtin_shelf(), builtin_value_set(set), trail).test(system, code) == Membership::yes;
}

}  // namespace

int main() {
    constexpr const char* kAct = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    measure("lookup", [] { return builtin_code_system(kAct)->find("AMB")->display == "ambulatory"; });
    measure("validate-code, all of a system",
            [] { return is_in("http://hl7.org/fhir/ValueSet/administrative-gender", "http://hl7.org/fhir/administrative-gender", "female"); });
    measure("validate-code, by a hierarchy", [] { return is_in("http://terminology.hl7.org/ValueSet/v3-ActEncounterCode", kAct, "AMB"); });
    measure("expand 60 codes by a hierarchy",
            [] { return !expand(builtin_shelf(), builtin_value_set("http://terminology.hl7.org/ValueSet/v3-ActEncounterCode")).codes.empty(); });
    constexpr int kConcepts = 100'000;
    const std::string json = large_system(kConcepts);
    const auto begin = std::chrono::steady_clock::now();
    const auto system = CodeSystem::from_resource(record::parse_resource(json)->root());
    const std::chrono::duration<double, std::milli> read = std::chrono::steady_clock::now() - begin;
    fmt::print("{{\"what\":\"read 100,000 concepts\",\"json_bytes\":{},\"bytes\":{},\"ms\":{:.0f}}}\n", json.size(), system->bytes(), read.count());
    measure("lookup in 100,000", [&] { return system->find("K99999") != nullptr; });
    measure("all below the root of 100,000", [&] {
        std::size_t below = 0;
        for (const Concept& one : system->concepts()) below += system->subsumes(*system->find("root"), one) ? 1U : 0U;
        return below == kConcepts + 1;
    });
    return 0;
}
