#include "record/definitions/rules.hpp"
#include "record/validate/rule_check.hpp"
#include "record/validate/structure_definition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

/// What the specification says in words of some data types and of the resources that define things (R4: datatypes.html,
/// searchparameter.html, capabilitystatement.html).
namespace qiao::record {
namespace {

/// Decoded length of base64 text that may have blanks.
std::size_t decoded_size(std::string_view text) {
    std::size_t digits = 0;
    for (const char c : text) {
        if (c != '=' && c != ' ' && c != '\n' && c != '\r' && c != '\t') ++digits;
    }
    return digits * 3 / 4;
}

/// A name that leads nowhere (RFC 2606).
bool is_example_host(std::string_view url) {
    const std::size_t start = url.find("://");
    if (start == std::string_view::npos) return false;
    std::string_view host = url.substr(start + 3);
    host = host.substr(0, host.find_first_of(":/?#"));
    return std::ranges::any_of(std::array<std::string_view, 4>{"example.org", "example.com", "example.net", "example"}, [&](std::string_view reserved) {
        return host.ends_with(reserved) && (host.size() == reserved.size() || host[host.size() - reserved.size() - 1] == '.');
    });
}

void check_attachment(const Spot& spot, std::vector<Finding>& out) {
    const json::Value& value = spot.value();
    const auto size = value["size"].integer();
    if (size && value["data"].is_string() && static_cast<std::size_t>(*size) != decoded_size(value["data"].text()))
        add(out, "error", "value", spot.place + ".size", fmt::format("the data have {} bytes", decoded_size(value["data"].text())));
    if (is_example_host(value["url"].text())) add(out, "error", "value", spot.place + ".url", "an address of a domain that is reserved for examples");
}

/// What claims to be of a code system whose codes are all known must be one of them.
void check_code(const Spot& spot, const Scope& scope, std::vector<Finding>& out) {
    const std::string& code = spot.value()["code"].text();
    const terminology::CodeSystem::Ptr system =
        code.empty() ? nullptr : scope.shelf->code_system(spot.value()["system"].text(), spot.value()["version"].text());
    if (system && system->has(code) == false) add(out, "error", "code-invalid", spot.place + ".code", fmt::format("no code of {}", system->url()));
}

void check_coding(const Spot& spot, const Scope& scope, std::vector<Finding>& out) {
    const std::string& system = spot.value()["system"].text();
    if (system.empty()) return;
    if (system.find(':') == std::string::npos) add(out, "error", "value", spot.place + ".system", "a code system is named by an absolute URI");
    if (find_value_set(system) != 0 || system.find("/ValueSet/") != std::string::npos)
        add(out, "error", "value", spot.place + ".system", "this names a value set; the code system is wanted");
    check_code(spot, scope, out);
}

/// Narrative is XML without a document type: it knows five entities and no others of HTML (narrative.html).
void check_entities(const Spot& spot, std::vector<Finding>& out) {
    const std::string_view text = spot.value()["div"].text();
    constexpr std::array<std::string_view, 5> kOfXml = {"amp", "lt", "gt", "quot", "apos"};
    for (std::size_t at = text.find('&'); at != std::string_view::npos; at = text.find('&', at + 1)) {
        std::string_view name = text.substr(at + 1, 16);
        name = name.substr(0, name.find(';'));
        if (name.starts_with('#') || std::ranges::find(kOfXml, name) != kOfXml.end()) continue;
        return add(out, "error", "invalid", spot.place + ".div", fmt::format("XML has no entity &{}; : write the character itself", name));
    }
}

/// A search parameter of R4 by its canonical URL; nullptr when R4 has none.
const Parameter* parameter_of(std::string_view url) {
    url = url.substr(0, url.find('|'));
    if (!url.starts_with(kParameterUrl)) return nullptr;
    const std::string_view name = url.substr(kParameterUrl.size());
    for (const TypeId type : all_types()) {
        for (const TypeParameter& one : parameters_of(type)) {
            const Parameter* parameter = find_parameter(one.id);
            if (parameter->name == name) return parameter;
        }
    }
    return nullptr;
}

void check_search_parameter(const Spot& spot, std::vector<Finding>& out) {
    const json::Value& value = spot.value();
    if (value["type"].text() == "composite" && value["component"].size() == 0)
        add(out, "error", "business-rule", spot.place + ".component", "a composite parameter needs its components");
    const Parameter* derived = parameter_of(value["derivedFrom"].text());
    if (derived == nullptr) return;
    if (value["type"].text() != kind_name(derived->kind))
        add(out, "error", "business-rule", spot.place + ".type", fmt::format("it is derived from a parameter of type {}", kind_name(derived->kind)));
    for (const json::Value& base : value["base"].items()) {
        if (find_type(base.text()) != TypeId::none && find_parameter(find_type(base.text()), derived->id) == nullptr)
            add(out, "error", "business-rule", spot.place + ".base", fmt::format("{} does not have the parameter that it is derived from", base.text()));
    }
}

void check_capabilities(const Spot& statement, std::vector<Finding>& out) {
    for (const Spot& rest : children(statement, "rest")) {
        for (const Spot& resource : children(rest, "resource")) {
            for (const Spot& parameter : children(resource, "searchParam")) {
                const Parameter* known = parameter_of(parameter.value()["definition"].text());
                if (known != nullptr && parameter.value()["type"].text() != kind_name(known->kind))
                    add(out, "error", "business-rule", parameter.place + ".type", fmt::format("this parameter is of type {}", kind_name(known->kind)));
            }
        }
    }
}

}  // namespace

void check_data_type(const Spot& spot, const Scope& scope, std::vector<Finding>& out) {
    if (spot.element.type != ValueType::object || spot.element.value == nullptr) return;
    const std::string type = spot.type();
    if (type == "Attachment") check_attachment(spot, out);
    if (type == "Coding") check_coding(spot, scope, out);
    // A Quantity of any kind.
    if (type != "Coding" && spot.value()["system"].text() == terminology::kUcum) check_code(spot, scope, out);
    if (type == "Narrative") check_entities(spot, out);
}

void check_definition(const Spot& resource, std::vector<Finding>& out) {
    const std::string type = resource.type();
    if (type == "SearchParameter") check_search_parameter(resource, out);
    if (type == "CapabilityStatement") check_capabilities(resource, out);
    if (type == "StructureDefinition" && resource.value()["derivation"].text() == "constraint") {
        const std::string fault = read_structure_definition(resource.value())->fault;
        if (!fault.empty()) add(out, "warning", "not-supported", resource.place, "nothing can be checked by this profile here: " + fault);
    }
}

}  // namespace qiao::record
