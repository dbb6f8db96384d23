// The pages that the gate makes itself (errors, a house that waits for its set-up), in French and English.
#include "daemon/gate/pages.hpp"

#include <array>

namespace hameau::gate {

namespace {

struct Sentence {
    std::string_view code;
    std::string_view fr;
    std::string_view en;
};

constexpr std::array sentences = {
    Sentence{"not_found", "Cette page n’existe pas, ou elle a changé d’adresse.", "This page does not exist, or it has moved."},
    Sentence{"no_such_host", "Aucun site n’est à cette adresse ici.", "There is no site at this address here."},
    Sentence{"signed_out", "Entrez d’abord dans la maison.", "Please sign in first."},
    Sentence{"forbidden", "Vous n’avez pas le droit de faire cela. Demandez à une personne qui gère l’association.",
             "You may not do this. Ask somebody who manages the association."},
    Sentence{"wrong_credentials", "L’identifiant ou le mot de passe de programme n’est pas le bon, ou ce mot de passe a été retiré.",
             "The identifier or the app password is wrong, or that password was revoked."},
    Sentence{"too_many", "Trop d’essais. Attendez un peu, puis réessayez.", "Too many attempts. Wait a little, then try again."},
    Sentence{"origin", "Cette demande vient d’un autre site. Elle a été refusée, rien n’a changé.",
             "This request came from another site. It was refused; nothing was changed."},
    Sentence{"method", "Cette adresse ne se laisse que lire.", "This address can only be read."},
    Sentence{"bad_request", "La demande n’a pas été comprise.", "The request was not understood."},
    Sentence{"too_large", "C’est trop long : la demande a été refusée, rien n’a changé.",
             "It is too long: the request was refused, nothing was changed."},
    Sentence{"head_too_large", "Votre navigateur a envoyé trop de cookies. Ceux de cette adresse viennent d’être effacés : rechargez la page, puis "
                               "reconnectez-vous.",
             "Your browser sent too many cookies. Those of this address have just been cleared: load the page again, then sign in."},
    Sentence{"timed_out", "La demande a mis trop de temps à arriver.", "The request took too long to arrive."},
    Sentence{"unavailable", "Ce service ne répond pas pour l’instant. Attendez un peu, puis essayez de nouveau.",
             "This service does not answer at the moment. Wait a little, then try again."},
    Sentence{"switched_off", "Ce service n’est pas allumé dans cette maison.", "This service is switched off in this house."},
    Sentence{"not_set_up", "La maison n’a pas encore été installée. Seule sa première page répond.",
             "This house has not been set up yet. Only its first page answers."},
    Sentence{"full", "Il y a trop de monde à la porte. Attendez un peu, puis essayez de nouveau.",
             "Too many visitors are at the door. Wait a little, then try again."},
    Sentence{"no_pages", "Les pages de la maison ne sont pas installées. Installez le paquet hameau-web.",
             "The pages of the house are not installed. Install the package hameau-web."},
    Sentence{"encoding", "Aucune forme de ce fichier ne convient à votre navigateur.", "No form of this file suits your browser."},
    Sentence{"precondition", "Ce fichier a changé entre-temps.", "This file has changed meanwhile."},
    Sentence{"range", "Cette partie du fichier n’existe pas.", "This part of the file does not exist."},
    Sentence{"certificate_soon", "Ce site est presque prêt : sa connexion sûre n’est pas encore en place. Revenez plus tard.",
             "This site is almost ready: its secure connection is not in place yet. Come back later."},
    Sentence{"not_published", "Ce site n’a pas encore été publié. Revenez bientôt.", "This site has not been published yet. Come back soon."},
};

std::string_view sentence_of(std::string_view code, std::string_view language) {
    for (const Sentence& sentence : sentences) {
        if (sentence.code == code) {
            return language == "en" ? sentence.en : sentence.fr;
        }
    }
    return language == "en" ? "The request was refused." : "La demande a été refusée.";
}

} // namespace

std::string_view reason_of(int status) {
    switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Status";
    }
}

Answer problem_document(int status, std::string_view code, std::string_view language) {
    Answer answer;
    answer.status = status;
    answer.headers = "Content-Type: application/problem+json\r\nContent-Language: " + std::string(language) +
                     "\r\nCache-Control: no-store\r\nVary: Accept-Language\r\n";
    // Sentences of the catalogue hold neither quotes nor backslashes.
    answer.body = "{\"type\":\"about:blank\",\"title\":\"" + std::string(reason_of(status)) + "\",\"status\":" + std::to_string(status) +
                  ",\"code\":\"" + std::string(code) + "\",\"detail\":\"" + std::string(sentence_of(code, language)) + "\"}";
    return answer;
}

Answer error_page(int status, std::string_view code, std::string_view language) {
    Answer answer;
    answer.status = status;
    answer.headers = "Content-Type: text/html; charset=utf-8\r\nContent-Language: " + std::string(language) +
                     "\r\nCache-Control: no-store\r\nVary: Accept-Language\r\n";
    const std::string_view sentence = sentence_of(code, language);
    const std::string_view back = language == "en" ? "Go to the first page" : "Aller à la première page";
    answer.body = "<!doctype html>\n<html lang=\"" + std::string(language) +
                  "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>" +
                  std::to_string(status) + "</title></head><body><main><h1>" + std::string(sentence) + "</h1><p><a href=\"/\">" +
                  std::string(back) + "</a></p></main></body></html>\n";
    return answer;
}

Answer waiting_page(std::string_view address, std::string_view language) {
    struct Text {
        std::string_view title, where, why, what, compare, secret;
    };
    static constexpr Text fr{"Cette maison attend son installation", "La page d’installation est à cette adresse :",
                             "Votre navigateur va vous avertir, une fois : « connexion non privée » ou « risque probable ».",
                             "C’est normal ici : la maison n’a pas encore de nom, personne ne peut donc certifier le sien. Choisissez « Avancé », puis "
                             "« Continuer ». La connexion est chiffrée.",
                             "La commande hameau setup, sur le serveur, montre l’empreinte du certificat : le navigateur doit montrer la même.",
                             "Il vous faudra le code que cette commande affiche. Ne le donnez jamais sur une page sans https."};
    static constexpr Text en{"This house waits to be set up", "The set-up page is at this address:",
                             "Your browser will warn you once: “connection is not private” or “potential security risk”.",
                             "That is normal here: the house has no name yet, so nobody can certify it. Choose “Advanced”, then “Continue”. The "
                             "connection is encrypted.",
                             "The command hameau setup, on the server, shows the certificate’s fingerprint: the browser must show the same.",
                             "You will need the code that this command shows. Never type it on a page without https."};
    const Text& text = language == "en" ? en : fr;
    Answer answer;
    answer.headers = "Content-Type: text/html; charset=utf-8\r\nContent-Language: " + std::string(language) +
                     "\r\nCache-Control: no-store\r\nVary: Accept-Language\r\n";
    // The address is made of a checked Host and a number: nothing in it needs an escape.
    const std::string place(address);
    const auto paragraph = [](std::string_view words) { return "<p>" + std::string(words) + "</p>"; };
    answer.body = "<!doctype html>\n<html lang=\"" + std::string(language) +
                  "\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>" + std::string(text.title) + "</title></head><body><main><h1>" + std::string(text.title) + "</h1>" +
                  paragraph(text.where) + "<p><a href=\"" + place + "\">" + place + "</a></p>" + paragraph(text.why) + paragraph(text.what) +
                  paragraph(text.compare) + paragraph(text.secret) + "</main></body></html>\n";
    return answer;
}

} // namespace hameau::gate
