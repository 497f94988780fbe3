#include "access/user_agent.hpp"

#include <span>

namespace qiao::access {
namespace {

struct Mark {
    std::string_view text;
    std::string_view name;
};

/// The first that is found counts: every browser names the ones whose pages it wants to be shown.
constexpr Mark kBrowsers[] = {{"MicroMessenger", "WeChat"}, {"Edg", "Edge"},        {"OPR/", "Opera"},     {"SamsungBrowser", "Samsung Internet"},
                              {"HuaweiBrowser", "Huawei"},  {"Firefox", "Firefox"}, {"Chrome", "Chrome"},  {"CriOS", "Chrome"},
                              {"Safari", "Safari"},         {"curl/", "curl"},      {"python", "Python"}};
constexpr Mark kSystems[] = {{"HarmonyOS", "HarmonyOS"}, {"OpenHarmony", "HarmonyOS"}, {"Android", "Android"}, {"iPhone", "iOS"},   {"iPad", "iPadOS"},
                             {"Windows", "Windows"},     {"Mac OS X", "macOS"},        {"CrOS", "ChromeOS"},   {"Linux", "Linux"}};

std::string_view first_of(std::span<const Mark> marks, std::string_view text) {
    for (const Mark& mark : marks) {
        if (text.find(mark.text) != std::string_view::npos) return mark.name;
    }
    return {};
}

}  // namespace

std::string agent_family(std::string_view user_agent) {
    const std::string_view browser = first_of(kBrowsers, user_agent);
    const std::string_view system = first_of(kSystems, user_agent);
    std::string family(browser);
    if (!browser.empty() && !system.empty()) family += " · ";
    return family += system;
}

}  // namespace qiao::access
