// What the DNS page says, in French and English. Managers read it beside the page of their registrar, whose words (MX, TXT) it uses.
#include <array>

#include "modules/mail/domain_document.hpp"

namespace hameau::mail {

namespace {

constexpr std::array texts = {
    CatalogueText{"stage_checking", "Nous ne savons pas encore où va le courrier de {domain}.", "We do not know yet where the mail of {domain} goes."},
    CatalogueText{"stage_live", "Le courrier de {domain} arrive ici.", "The mail of {domain} arrives here."},
    CatalogueText{"stage_partly", "Une partie du courrier de {domain} arrive ici, une autre va ailleurs.", "A part of the mail of {domain} arrives here, another part goes elsewhere."},
    CatalogueText{"stage_elsewhere", "Le courrier de {domain} va encore ailleurs.", "The mail of {domain} still goes elsewhere."},
    CatalogueText{"stage_leaving", "Le courrier de {domain} arrivait ici et va maintenant ailleurs. Si ce n’est pas voulu, corrigez le premier enregistrement.",
                  "The mail of {domain} came here and now goes elsewhere. If that is not what you want, mend the first record."},

    CatalogueText{"title_mx", "Où arrive le courrier (MX)", "Where mail arrives (MX)"},
    CatalogueText{"purpose_mx", "Les autres serveurs apportent ici le courrier de {domain}.", "Other servers bring the mail of {domain} here."},
    CatalogueText{"title_spf", "Qui peut envoyer (SPF)", "Who may send (SPF)"},
    CatalogueText{"purpose_spf", "Cette maison peut envoyer au nom de {domain}. Sans cela, beaucoup de messages sont refusés.",
                  "This house may send in the name of {domain}. Without it many messages are refused."},
    CatalogueText{"title_dkim", "Signature des messages (DKIM)", "Signature of messages (DKIM)"},
    CatalogueText{"purpose_dkim", "Avec cette clé, les autres vérifient qu’un message vient bien de {domain}.", "With this key others verify that a message really is from {domain}."},
    CatalogueText{"title_dmarc", "Que faire des faux messages (DMARC)", "What to do with forged messages (DMARC)"},
    CatalogueText{"purpose_dmarc", "Les autres serveurs mettent de côté ce qui se fait passer pour {domain}.", "Other servers put aside what pretends to be {domain}."},
    CatalogueText{"title_autoconfig", "Réglage automatique (Thunderbird, Android)", "Automatic set-up (Thunderbird, Android)"},
    CatalogueText{"purpose_autoconfig", "Un programme de courrier trouve ses réglages avec l’adresse seule.", "A mail program finds its settings from the address alone."},
    CatalogueText{"title_autodiscover_host", "Réglage automatique (Outlook) : la page", "Automatic set-up (Outlook): the page"},
    CatalogueText{"purpose_autodiscover_host", "Outlook demande d’abord cette adresse.", "Outlook asks at this address first."},
    CatalogueText{"title_autodiscover", "Réglage automatique (Outlook)", "Automatic set-up (Outlook)"},
    CatalogueText{"purpose_autodiscover", "Certaines versions d’Outlook trouvent leurs réglages par là.", "Some versions of Outlook find their settings this way."},
    CatalogueText{"title_imaps", "Trouver où lire (SRV)", "Finding where to read (SRV)"},
    CatalogueText{"purpose_imaps", "Un programme de courrier trouve le serveur où il lit.", "A mail program finds the server where it reads."},
    CatalogueText{"title_submissions", "Trouver où envoyer (SRV)", "Finding where to send (SRV)"},
    CatalogueText{"purpose_submissions", "Un programme de courrier trouve le serveur par lequel il envoie.", "A mail program finds the server through which it sends."},
    CatalogueText{"title_sieve", "Trouver où sont les filtres (SRV)", "Finding where the filters are (SRV)"},
    CatalogueText{"purpose_sieve", "Un programme de courrier trouve le serveur des filtres.", "A mail program finds the server of the filters."},
    CatalogueText{"title_mta_sts_host", "Chiffrement exigé : la page (MTA-STS)", "Encryption demanded: the page (MTA-STS)"},
    CatalogueText{"purpose_mta_sts_host", "À cette adresse, la maison dit aux autres serveurs de chiffrer.", "At this address the house tells other servers to encrypt."},
    CatalogueText{"title_mta_sts", "Chiffrement exigé : l’annonce (MTA-STS)", "Encryption demanded: the notice (MTA-STS)"},
    CatalogueText{"purpose_mta_sts", "Annonce la page ci-dessus. Écrivez-la en dernier.", "Announces the page above. Write it last."},
    CatalogueText{"title_tls_report", "Rapports sur le chiffrement (TLSRPT)", "Reports on encryption (TLSRPT)"},
    CatalogueText{"purpose_tls_report", "De grands fournisseurs envoient chaque jour un rapport à postmaster@{domain}.", "Large providers send a report to postmaster@{domain} each day."},
    CatalogueText{"title_caa", "Qui peut faire des certificats (CAA)", "Who may make certificates (CAA)"},
    CatalogueText{"purpose_caa", "Seul le fournisseur de la maison peut faire un certificat pour {domain}.", "Only the house’s authority can make a certificate for {domain}."},
    CatalogueText{"title_ptr", "Nom inverse de l’adresse (PTR)", "Reverse name of the address (PTR)"},
    CatalogueText{"purpose_ptr", "Il se règle chez votre fournisseur d’accès à internet, non chez le registrar. Sans lui, beaucoup de serveurs refusent le courrier.",
                  "It is set at your internet provider, not at the registrar. Without it many servers refuse mail."},

    CatalogueText{"found_unchecked", "Pas encore vérifié.", "Not checked yet."},
    CatalogueText{"found_right", "C’est juste.", "That is right."},
    CatalogueText{"found_absent", "Pas encore vu. Ajoutez-le. Après l’ajout, il faut de quelques minutes à un jour.",
                  "Not seen yet. Add it. After that it takes from some minutes to a day."},
    CatalogueText{"found_absent_optional", "Pas encore vu. Le courrier marche aussi sans lui.", "Not seen yet. Mail works without it, too."},
    CatalogueText{"found_spreading", "C’est écrit, mais pas encore vu partout. Revenez dans quelques heures.",
                  "It is written, but not seen everywhere yet. Come back in some hours."},
    CatalogueText{"found_other", "Ce n’est pas juste. Vu : {seen}. Il faut : {wanted}", "That is not right. Seen: {seen}. Wanted: {wanted}"},
    CatalogueText{"found_silent", "Personne n’a répondu à temps. Nous ne pouvons pas le savoir. Réessayez plus tard.", "Nobody answered in time. We cannot know. Try again later."},
    CatalogueText{"found_failed", "Les serveurs de noms répondent par une erreur. Nous ne pouvons pas le savoir. Réessayez plus tard ; si cela dure, prévenez le registrar.",
                  "The name servers answer with an error. We cannot know. Try again later; if it lasts, tell the registrar."},
    CatalogueText{"found_bogus", "La protection DNSSEC du domaine est fausse : beaucoup de serveurs ne voient plus rien. Prévenez le registrar. Vu sans elle : {seen}",
                  "The protection DNSSEC of the domain is wrong: many servers see nothing any more. Tell the registrar. Seen without it: {seen}"},
    CatalogueText{"found_host_unknown", "Le nom de la maison, {house}, ne mène nulle part pour l’instant. Réglez d’abord cela.",
                  "The name of the house, {house}, leads nowhere for now. Mend that first."},

    CatalogueText{"found_mx_elsewhere", "Le courrier va ailleurs. Vu : {seen}. Pour qu’il arrive ici, il faut seulement : {wanted}",
                  "Mail goes elsewhere. Seen: {seen}. For it to arrive here, only this must stand there: {wanted}"},
    CatalogueText{"found_mx_also", "Une partie du courrier va ailleurs. Vu : {seen}. Gardez seulement : {wanted}", "A part of the mail goes elsewhere. Seen: {seen}. Keep only: {wanted}"},
    CatalogueText{"found_mx_other_name", "Le courrier arrive ici. Vu : {seen}. Mieux vaut {wanted} : le certificat porte ce nom.",
                  "Mail arrives here. Seen: {seen}. Better is {wanted}: the certificate has that name."},

    CatalogueText{"found_spf_many", "Il y en a plusieurs, et les autres serveurs n’en croient alors aucun. Vu : {seen}. Gardez un seul : {wanted}",
                  "There are several, and other servers then believe none. Seen: {seen}. Keep only one: {wanted}"},
    CatalogueText{"found_spf_broken", "Il y a une faute dedans. Vu : {seen}. Il faut : {wanted}", "There is a mistake in it. Seen: {seen}. Wanted: {wanted}"},
    CatalogueText{"found_spf_relay", "Votre courrier part par {relay}. Demandez à ce service ce qu’il faut écrire, puis indiquez-le dans le réglage mail.smarthost_spf. Vu : {seen}",
                  "Your mail leaves through {relay}. Ask that service what to write, then put it into the setting mail.smarthost_spf. Seen: {seen}"},
    CatalogueText{"found_spf_lacks_relay", "Le service {relay}, par lequel votre courrier part, n’est pas permis. Vu : {seen}. Il faut : {wanted}",
                  "The service {relay}, through which your mail leaves, is not permitted. Seen: {seen}. Wanted: {wanted}"},
    CatalogueText{"found_spf_open", "N’importe qui peut envoyer en votre nom. Vu : {seen}. Il faut : {wanted}", "Anybody may send in your name. Seen: {seen}. Wanted: {wanted}"},
    CatalogueText{"found_spf_refuses", "L’adresse {address} de la maison n’est pas permise. Vu : {seen}. Il faut : {wanted}",
                  "The house’s address {address} is not permitted. Seen: {seen}. Wanted: {wanted}"},
    CatalogueText{"found_spf_cannot", "Nous ne pouvons pas savoir si la maison est permise : un nom cité ne répond pas. Vu : {seen}. Réessayez plus tard.",
                  "We cannot know whether the house is permitted: a name in it does not answer. Seen: {seen}. Try again later."},

    CatalogueText{"found_dkim_key_missing", "La maison est en train de faire la clé. Revenez dans une minute.", "The house is making the key. Come back in a minute."},
    CatalogueText{"found_dkim_other", "Une autre clé s’y trouve. Remplacez-la par celle-ci.", "Another key stands there. Replace it by this one."},
    CatalogueText{"found_dkim_cut", "Il manque la fin de la clé : le formulaire l’a coupée. Collez la forme en morceaux.",
                  "The end of the key is missing: the form cut it. Paste the form in pieces."},
    CatalogueText{"found_dkim_revoked", "La clé y est vide, donc retirée. Remplacez-la par celle-ci.", "The key there is empty, that is: withdrawn. Replace it by this one."},

    CatalogueText{"found_dmarc_above", "C’est juste : {parent} l’a déjà, et cela vaut aussi ici.", "That is right: {parent} has it already, and it counts here too."},
    CatalogueText{"found_dmarc_none_above", "{parent} l’a déjà, mais ne demande rien (p=none). Plus sûr : {wanted}", "{parent} has it already, but asks for nothing (p=none). Safer: {wanted}"},
    CatalogueText{"found_dmarc_none", "C’est juste, mais ne demande rien (p=none). Plus sûr : {wanted}", "That is right, but asks for nothing (p=none). Safer: {wanted}"},
    CatalogueText{"found_dmarc_testing", "C’est juste, mais à l’essai (t=y). Plus sûr : {wanted}", "That is right, but a trial (t=y). Safer: {wanted}"},
    CatalogueText{"found_dmarc_many", "Il y en a plusieurs, et les autres serveurs n’en croient alors aucun. Vu : {seen}. Gardez un seul : {wanted}",
                  "There are several, and other servers then believe none. Seen: {seen}. Keep only one: {wanted}"},
    CatalogueText{"found_dmarc_broken", "Il y a une faute dedans. Vu : {seen}. Il faut : {wanted}", "There is a mistake in it. Seen: {seen}. Wanted: {wanted}"},

    CatalogueText{"found_caa_absent", "Rien n’est écrit : tous les fournisseurs de certificats sont permis. Cela marche.", "Nothing is written: all authorities are permitted. That works."},
    CatalogueText{"found_caa_refuses", "Ce qui est écrit interdit les certificats de la maison. Vu : {seen}. Ajoutez : {wanted}",
                  "What is written forbids the house’s certificates. Seen: {seen}. Add: {wanted}"},
    CatalogueText{"found_ptr_absent", "L’adresse n’a pas de nom. Demandez {wanted} à votre fournisseur d’accès.", "The address has no name. Ask your internet provider for {wanted}."},
    CatalogueText{"found_ptr_other", "L’adresse a un autre nom. Vu : {seen}. Demandez {wanted} à votre fournisseur d’accès.",
                  "The address has another name. Seen: {seen}. Ask your internet provider for {wanted}."},
};

} // namespace

constinit const Catalogue records_catalogue = texts;

} // namespace hameau::mail
