// Problem documents: the common catalogue, languages, and the document itself.
#include "modules/support/problem.hpp"

#include <array>

#include "modules/support/limits.hpp"

namespace hameau {

namespace json = boost::json;

namespace {

constexpr std::array common_texts = {
    CatalogueText{"signed_out", "Votre session est fermée. Entrez de nouveau, puis recommencez.",
                  "Your session is closed. Sign in, then try again."},
    CatalogueText{"forbidden", "Vous n'avez pas le droit de faire cela. Demandez à un responsable de l'association.",
                  "You may not do this. Ask a manager of the association."},
    CatalogueText{"not_found", "Cette page ou cet élément n'existe pas (ou plus).",
                  "There is no such page or item (any more)."},
    CatalogueText{"method", "Cette adresse n'accepte pas la méthode {method}.",
                  "This address does not take the method {method}."},
    CatalogueText{"bad_json", "La demande n'est pas un objet JSON lisible. Rien n'a été changé.",
                  "The request is not a readable JSON object. Nothing was changed."},
    CatalogueText{"too_large", "La demande est trop grande (au plus {limit} octets). Rien n'a été changé.",
                  "The request is too large (at most {limit} bytes). Nothing was changed."},
    CatalogueText{"body_incomplete", "La demande n'est pas arrivée en entier. Rien n'a été changé. Recommencez.",
                  "The request did not arrive whole. Nothing was changed. Try again."},
    CatalogueText{"fields", "Certaines informations ne conviennent pas. Rien n'a été changé.",
                  "Some of the fields are not right. Nothing was changed."},
    CatalogueText{"bad_page", "Le paramètre « limit » doit être un nombre entre 1 et 500.",
                  "The parameter \"limit\" must be a number between 1 and 500."},
    CatalogueText{"busy", "Le serveur est très occupé. Rien n'a été changé. Réessayez dans un instant.",
                  "The server is very busy. Nothing was changed. Try again in a moment."},
    CatalogueText{"disk_floor",
                  "Le disque du serveur est presque plein : la place qui reste est gardée pour le courrier. Rien n'a été "
                  "changé. Prévenez l'administrateur.",
                  "The server's disk is almost full: the room that is left is kept for mail. Nothing was changed. Tell the "
                  "admin."},
    CatalogueText{"association_full",
                  "L'association n'a plus assez de place : {used} sur {limit} sont pris, par le courrier, les sites et les "
                  "textes ensemble, et le dernier dixième est gardé pour le courrier. Rien n'a été ajouté. Videz la corbeille, ou demandez plus de place à l'administrateur.",
                  "The association has not enough room left: {used} of {limit} are taken, by mail, sites and texts together, and "
                  "the last tenth is kept for mail. Nothing was added. Empty the bin, or ask the admin for more room."},
    CatalogueText{"internal", "Une erreur inattendue est survenue. Rien n'a été changé. Si elle revient, donnez la "
                              "référence {reference} à votre administrateur.",
                  "Something unexpected went wrong. Nothing was changed. If it happens again, give the reference "
                  "{reference} to your administrator."},
    CatalogueText{"field.unseen", "Rien ne se voit ici : il faut au moins une lettre, un chiffre ou un signe.",
                  "Nothing can be seen here: at least one letter, number or sign is needed."},
    CatalogueText{"field.missing", "Cette information est obligatoire.", "This field is required."},
    CatalogueText{"field.type", "Attendu : {type}.", "Expected: {type}."},
    CatalogueText{"field.unknown", "Ce champ n'est pas connu.", "This field is not known."},
    CatalogueText{"field.unknown_near", "Ce champ n'est pas connu. Vouliez-vous dire « {nearest} » ?",
                  "This field is not known. Did you mean \"{nearest}\"?"},
    CatalogueText{"field.short", "Au moins {min} caractères.", "At least {min} characters."},
    CatalogueText{"field.long", "Au plus {max} caractères.", "At most {max} characters."},
    CatalogueText{"field.range", "Un nombre entre {min} et {max}.", "A number between {min} and {max}."},
    CatalogueText{"field.size", "Une taille comme « 500 MiB » ou « 2 GiB ».", "A size such as \"500 MiB\" or \"2 GiB\"."},
    CatalogueText{"field.choice", "L'un de : {choices}.", "One of: {choices}."},
    CatalogueText{"field.count", "Au plus {max} éléments.", "At most {max} items."},
    CatalogueText{"field.text", "Du texte simple, sans caractère de contrôle.", "Plain text without control characters."},
    CatalogueText{"field.slug", "De 1 à 64 lettres minuscules sans accent, chiffres ou tirets.",
                  "From 1 to 64 lower-case letters, digits or hyphens."},
    CatalogueText{"field.login", "De 1 à 64 lettres sans accent, chiffres, points, tirets ou soulignés.",
                  "From 1 to 64 letters, digits, dots, hyphens or underscores."},
    CatalogueText{"field.address", "Une adresse de courriel comme nom@exemple.org.",
                  "A mail address such as name@example.org."},
    CatalogueText{"field.password", "Un mot de passe est fait de lettres, de chiffres, de signes et d'espaces : ni tabulation, ni retour à la ligne, ni caractère invisible.",
                  "A password is made of letters, digits, signs and spaces: no tab, no line break, no invisible character."},
    CatalogueText{"password.common", "Ce mot de passe est parmi ceux que l'on essaie d'abord. Prenez plutôt quatre mots sans rapport.",
                  "This password is among the first that anybody tries. Four unrelated words are better."},
    CatalogueText{"password.keyboard", "Ces touches se suivent sur le clavier. Prenez plutôt quatre mots sans rapport.",
                  "These keys stand side by side on the keyboard. Four unrelated words are better."},
    CatalogueText{"password.repeated", "Ce mot de passe répète les mêmes signes. Prenez plutôt quatre mots sans rapport.",
                  "This password repeats the same signs. Four unrelated words are better."},
    CatalogueText{"password.own_name", "Ce mot de passe est fait de noms que tout le monde connaît ici. Prenez plutôt quatre mots sans rapport.",
                  "This password is made of names that everybody here knows. Four unrelated words are better."},
    CatalogueText{"field.host", "Un nom de domaine comme exemple.org.", "A domain name such as example.org."},
    CatalogueText{"domain_moving", "On regarde en ce moment si ce domaine peut changer d'association. Réessayez dans une minute.",
                  "Whether this domain may go to another association is being looked at just now. Try again in a minute."},
    // One for each word of provisioning/acme_state.hpp.
    CatalogueText{"certificate.asked", "elle est demandée, et vient d'habitude en quelques minutes.",
                  "it has been asked for, and usually comes within minutes."},
    CatalogueText{"certificate.no_authority", "dans les réglages de la maison, aucune autorité n'est là pour certifier ses adresses (house.acme_url).",
                  "the settings of the house name no authority that certifies its addresses (house.acme_url)."},
    CatalogueText{"certificate.not_public", "cette adresse n'existe pas sur Internet, personne ne peut la certifier.",
                  "this address does not exist on the internet; nobody can certify it."},
    CatalogueText{"certificate.no_address", "l'adresse ne mène encore nulle part. Inscrivez-la chez le fournisseur du nom de domaine (enregistrement A ou AAAA).",
                  "the address does not lead anywhere yet. Enter it at the provider of the domain name (an A or AAAA record)."},
    CatalogueText{"certificate.unreachable", "la maison n'a pas été trouvée par cette adresse. Vérifiez qu'elle mène ici et que le port 80 est ouvert.",
                  "the house was not found by this address. See that it leads here and that port 80 is open."},
    CatalogueText{"certificate.elsewhere", "cette adresse mène à une autre machine. Corrigez-la chez le fournisseur du nom de domaine.",
                  "this address leads to another machine. Correct it at the provider of the domain name."},
    CatalogueText{"certificate.rate_limited", "l'autorité a reçu trop de demandes. La maison réessaiera plus tard.",
                  "the authority has had too many requests. The house will try again later."},
    CatalogueText{"certificate.refused", "l'autorité refuse de certifier cette adresse. Le journal de la maison dit pourquoi.",
                  "the authority refuses to certify this address. The journal of the house says why."},
    CatalogueText{"certificate.authority_away", "l'autorité qui certifie ne répond pas. La maison réessaiera.",
                  "the certifying authority does not answer. The house will try again."},
    CatalogueText{"certificate.bad_clock", "l'horloge de la maison n'est pas à l'heure.",
                  "the clock of the house is wrong."},
    CatalogueText{"certificate.own", "le certificat que l'administrateur a mis pour elle n'est plus valable. Il faut le remplacer, ou l'enlever.",
                  "the certificate that the admin put there for it is not valid any more. It has to be replaced, or taken away."},
    CatalogueText{"certificate.own_soon", "c'est l'administrateur qui l'a mis : la maison ne le renouvelle pas. Il faut le remplacer, ou l'enlever.",
                  "the admin put it there: the house does not renew it. It has to be replaced, or taken away."},
    CatalogueText{"certificate.no_client", "le programme qui demande les certificats (uacme) n'est pas installé.",
                  "the program that asks for certificates (uacme) is not installed."},
    CatalogueText{"certificate.failed", "la demande n'a pas abouti. La maison réessaiera ; son journal dit pourquoi.",
                  "the request failed. The house will try again; its journal says why."},
};

struct StatusTitle {
    int status;
    std::string_view french;
    std::string_view english;
};
constexpr std::array status_titles = {
    StatusTitle{400, "Demande illisible", "Bad request"},
    StatusTitle{401, "Connexion nécessaire", "Sign-in needed"},
    StatusTitle{403, "Non autorisé", "Not allowed"},
    StatusTitle{404, "Introuvable", "Not found"},
    StatusTitle{405, "Méthode non acceptée", "Method not allowed"},
    StatusTitle{408, "Demande incomplète", "Request incomplete"},
    StatusTitle{409, "Conflit", "Conflict"},
    StatusTitle{410, "N'existe plus", "Gone"},
    StatusTitle{413, "Trop grand", "Too large"},
    StatusTitle{422, "Informations à corriger", "Fields to correct"},
    StatusTitle{429, "Trop de tentatives", "Too many attempts"},
    StatusTitle{500, "Erreur inattendue", "Unexpected error"},
    StatusTitle{503, "Indisponible pour le moment", "Unavailable for now"},
    StatusTitle{507, "Plus de place", "No space left"},
};

const CatalogueText* find_text(Catalogue catalogue, std::string_view code) {
    for (const CatalogueText& text : catalogue) {
        if (text.code == code) {
            return &text;
        }
    }
    return nullptr;
}

std::string fill(std::string_view text, const Parameters& parameters) {
    std::string out;
    while (!text.empty()) {
        const std::size_t open = text.find('{');
        const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
        if (close == std::string_view::npos) {
            break;
        }
        out.append(text.substr(0, open));
        const std::string_view name = text.substr(open + 1, close - open - 1);
        for (const auto& [key, value] : parameters) {
            if (key == name) {
                out.append(value);
            }
        }
        text.remove_prefix(close + 1);
    }
    return out.append(text);
}

json::object document(Catalogue catalogue, Language language, int status, std::string_view code,
                      const Parameters& parameters) {
    std::string_view title = language == Language::french ? "Erreur" : "Error";
    for (const StatusTitle& known : status_titles) {
        if (known.status == status) {
            title = language == Language::french ? known.french : known.english;
        }
    }
    json::object out;
    out["type"] = "about:blank";
    out["title"] = title;
    out["status"] = status;
    out["code"] = code;
    out["detail"] = text_of(catalogue, language, code, parameters);
    return out;
}

Response respond(Language language, int status, const json::object& object) {
    Response response = json_response(status, object);
    response.headers.clear();
    response.headers.emplace_back("Content-Type", "application/problem+json");
    response.headers.emplace_back("Content-Language", language == Language::french ? "fr" : "en");
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

/// The weight of one language range, in thousandths (RFC 9110 §12.4.2).
int weight_of(std::string_view item) {
    const std::size_t at = item.find("q=");
    if (at == std::string_view::npos) {
        return 1000;
    }
    const std::string_view text = item.substr(at + 2);
    if (text.empty() || text[0] == '1') {
        return 1000;
    }
    int weight = 0;
    int unit = 100;
    for (std::size_t i = 2; i < text.size() && i < 5 && text[i] >= '0' && text[i] <= '9'; ++i, unit /= 10) {
        weight += (text[i] - '0') * unit;
    }
    return weight;
}

} // namespace

const Catalogue common_catalogue = common_texts;

Language language_of(std::string_view accept_language) {
    int french = 0;
    int english = 0;
    for (int i = 0; i < languages_read_max && !accept_language.empty(); ++i) {
        const std::size_t comma = accept_language.find(',');
        std::string_view item = accept_language.substr(0, comma);
        accept_language.remove_prefix(comma == std::string_view::npos ? accept_language.size() : comma + 1);
        while (item.starts_with(' ')) {
            item.remove_prefix(1);
        }
        const bool two_letters = item.size() == 2 || (item.size() > 2 && (item[2] == '-' || item[2] == ';' || item[2] == ' '));
        const int weight = weight_of(item);
        if (two_letters && (item.starts_with("fr") || item.starts_with("FR"))) {
            french = std::max(french, weight);
        } else if (two_letters && (item.starts_with("en") || item.starts_with("EN"))) {
            english = std::max(english, weight);
        }
    }
    return english > french ? Language::english : Language::french;
}

Language language_of(const Request& request) {
    for (const auto& [name, value] : request.headers) {
        if (name == "accept-language") {
            return language_of(std::string_view(value));
        }
    }
    return Language::french;
}

bool has_text(Catalogue catalogue, std::string_view code) { return find_text(catalogue, code) != nullptr; }

std::string text_of(Catalogue catalogue, Language language, std::string_view code, const Parameters& parameters) {
    const CatalogueText* text = find_text(catalogue, code);
    if (text == nullptr) {
        text = find_text(common_texts, code);
    }
    if (text == nullptr) {
        return std::string(code);
    }
    return fill(language == Language::french ? text->french : text->english, parameters);
}

Check check_of(Catalogue catalogue, std::string name, bool passed, std::string_view code, const Parameters& parameters) {
    Check check;
    check.name = std::move(name);
    check.passed = passed;
    if (!passed) {
        check.advice = text_of(catalogue, Language::french, code, parameters);
        check.english = text_of(catalogue, Language::english, code, parameters);
    }
    return check;
}

Response problem(Catalogue catalogue, const Request& request, int status, std::string_view code,
                 const Parameters& parameters) {
    const Language language = language_of(request);
    return respond(language, status, document(catalogue, language, status, code, parameters));
}

Response problem(const Request& request, int status, std::string_view code, const Parameters& parameters) {
    return problem(common_texts, request, status, code, parameters);
}

Response problem_with_errors(Catalogue catalogue, const Request& request, int status, std::string_view code,
                             const std::vector<FieldError>& errors) {
    const Language language = language_of(request);
    json::object out = document(catalogue, language, status, code, {});
    json::array list;
    for (const FieldError& error : errors) {
        json::object item;
        item["field"] = error.field;
        item["code"] = error.code;
        item["message"] = text_of(catalogue, language, error.code, error.parameters);
        list.push_back(std::move(item));
    }
    out["errors"] = std::move(list);
    return respond(language, status, out);
}

Response internal_problem(const Request& request, std::string reference) {
    const Language language = language_of(request);
    json::object out = document(common_texts, language, 500, "internal", {{"reference", reference}});
    out["reference"] = std::move(reference);
    return respond(language, 500, out);
}

Response body_problem(const Request& request, const Error& error) {
    switch (error.kind) {
    case ErrorKind::too_large:
        return problem(request, 413, "too_large", {{"limit", error.message}});
    case ErrorKind::invalid:
        return problem(request, 400, "bad_json");
    default:
        return problem(request, 408, "body_incomplete");
    }
}

Response json_response(int status, const json::value& value) {
    Response response;
    response.status = status;
    response.headers.emplace_back("Content-Type", "application/json");
    response.headers.emplace_back("Cache-Control", "no-store");
    response.body = json::serialize(value);
    return response;
}

Response empty_response(int status) {
    Response response;
    response.status = status;
    return response;
}

} // namespace hameau
