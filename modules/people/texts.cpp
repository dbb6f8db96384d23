// What people says, in French and English. No word of the trade: members read these.
#include <array>

#include "modules/people/people_module.hpp"

namespace hameau::people {

namespace {

constexpr std::array texts = {
    CatalogueText{"wrong_credentials", "L'identifiant ou le mot de passe n'est pas le bon. Vérifiez-les, puis réessayez.",
                  "The login or the password is not right. Check them, then try again."},
    CatalogueText{"too_many", "Trop d'essais. Attendez {seconds} secondes, puis réessayez.",
                  "Too many tries. Wait {seconds} seconds, then try again."},
    CatalogueText{"login_taken", "L'identifiant « {login} » est déjà pris. Prenez par exemple « {free} ». Si c'est la même personne, "
                                 "demandez à l'administrateur de la maison de l'ajouter.",
                  "The login \"{login}\" is taken. Take \"{free}\", say. If it is the same person, ask the admin of the house to add them."},
    CatalogueText{"member_exists", "L'identifiant « {login} » est celui d'un membre de l'association : {name}. Pour une autre "
                                   "personne, prenez par exemple « {free} ».",
                  "The login \"{login}\" is a member's of the association: {name}. For another person, take \"{free}\", say."},
    CatalogueText{"person_has_account", "Cette personne a déjà un compte : son mot de passe et son invitation ne changent pas ici.",
                  "This person has an account already: their password and invitation are not changed here."},
    CatalogueText{"mailbox_taken", "Cette adresse est déjà celle de quelqu'un. Choisissez-en une autre. Rien n'a été changé.",
                  "This address is someone's already. Choose another one. Nothing was changed."},
    CatalogueText{"address_alias", "{address} est déjà une adresse de redirection. Choisissez une autre adresse. Rien n'a été changé.",
                  "{address} is an address of redirection already. Choose another address. Nothing was changed."},
    CatalogueText{"address_binned", "{address} est l'adresse d'une boîte qui est à la corbeille. Remettez cette boîte, ou effacez-la pour de bon "
                                    "(page Courrier). Rien n'a été changé.",
                  "{address} is the address of a mailbox that is in the bin. Restore that mailbox, or erase it for good (page Mail). "
                  "Nothing was changed."},
    CatalogueText{"address_reserved", "{address} est en train d'être donnée à quelqu'un. Réessayez dans quelques minutes. Rien n'a été changé.",
                  "{address} is being given to someone just now. Try again in a few minutes. Nothing was changed."},
    CatalogueText{"mailbox_local", "Avant « @ » : des lettres sans accent, des chiffres, « . », « - » ou « _ », une lettre ou un "
                                   "chiffre au début et à la fin.",
                  "Before \"@\": letters without accents, digits, \".\", \"-\" or \"_\", with a letter or a digit at both ends."},
    CatalogueText{"alias_local", "Avant « @ » : des lettres sans accent, des chiffres, « . », « - », « _ » ou « + », une lettre ou un "
                                 "chiffre au début et à la fin.",
                  "Before \"@\": letters without accents, digits, \".\", \"-\", \"_\" or \"+\", with a letter or a digit at both ends."},
    CatalogueText{"reserved", "« {local} » est réservé aux messages pour les responsables : faites-en une adresse de redirection.",
                  "\"{local}\" is reserved for messages to the managers: make it an address of redirection."},
    CatalogueText{"mailbox_ceiling", "L'association a déjà toutes les boîtes qu'elle peut avoir. Rien n'a été ajouté.",
                  "The association has all the mailboxes that it may have. Nothing was added."},
    CatalogueText{"mailbox_none", "La maison n'a pas de courrier : laissez cette adresse de côté.",
                  "The house has no mail: leave this address out."},
    CatalogueText{"mailbox_remove", "Une boîte se retire sur la page des adresses de l'association, avec ce qu'elle contient.",
                  "A mailbox is removed on the association's page of addresses, with what it holds."},
    CatalogueText{"mailbox_domain", "L'adresse doit se terminer par un domaine de l'association : {domains}.",
                  "The address must end with a domain of the association: {domains}."},
    CatalogueText{"domain_taken", "Un de ces domaines appartient déjà à une autre association.",
                  "One of these domains belongs to another association already."},
    CatalogueText{"domain_in_use", "Le domaine {domain} ne peut pas encore être donné : d'autres s'en servent. Rien n'a été changé. Voici ce qui porte ce nom, et quoi faire :{list}",
                  "The domain {domain} cannot be given yet: others use it. Nothing was changed. This carries its name, and this is what to do:{list}"},
    CatalogueText{"domain_still_used", "L'association se sert encore du domaine {domain}. Rien n'a été changé. Voici ce qui porte ce nom, et quoi faire :{list}",
                  "The association still uses the domain {domain}. Nothing was changed. This carries its name, and this is what to do:{list}"},
    CatalogueText{"domain_unknown", "On ne peut pas savoir maintenant si ce domaine sert encore : le courrier ou les sites ne répondent pas. Réessayez dans un moment. Rien n'a été changé.",
                  "It cannot be known now whether this domain is still in use: mail or sites do not answer. Try again in a moment. Nothing was changed."},
    CatalogueText{"domain_changed", "Quelqu'un d'autre vient de changer ces domaines. Regardez ce qu'ils sont maintenant, puis recommencez. Rien n'a été changé.",
                  "Somebody else has just changed these domains. See what they are now, and try again. Nothing was changed."},
    CatalogueText{"carried.mailbox", "La boîte {name} ({association}) : donnez-lui une adresse d'un autre domaine sans garder l'ancienne, ou retirez-la puis effacez-la de la corbeille.",
                  "The mailbox {name} ({association}): give it an address in another domain without keeping the old one, or remove it and erase it from the bin."},
    CatalogueText{"carried.mailbox_bin", "La boîte {name} ({association}), dans la corbeille : effacez-la, ou attendez la fin des 30 jours.",
                  "The mailbox {name} ({association}), in the bin: erase it, or wait for the end of the 30 days."},
    CatalogueText{"carried.member_bin", "La boîte {name} ({association}) d'un membre retiré : effacez ce membre de la corbeille, ou attendez la fin des 30 jours.",
                  "The mailbox {name} ({association}) of a removed member: erase that member from the bin, or wait for the end of the 30 days."},
    CatalogueText{"carried.alias", "La redirection {name} ({association}) : changez son adresse, ou retirez-la.",
                  "The redirection {name} ({association}): change its address, or remove it."},
    CatalogueText{"carried.former", "L'ancienne adresse {name} d'une boîte ({association}) : retirez-la des redirections.",
                  "The earlier address {name} of a mailbox ({association}): remove it from the redirections."},
    CatalogueText{"carried.reserved", "L'adresse {name} : quelqu'un est en train de la prendre. Réessayez dans une minute.",
                  "The address {name}: somebody is taking it just now. Try again in a minute."},
    CatalogueText{"carried.group", "Le groupe {name} ({association}) : donnez-lui une autre adresse, ou aucune.",
                  "The group {name} ({association}): give it another address, or none."},
    CatalogueText{"carried.site", "Le site {name} ({association}) : retirez-le puis effacez-le de la corbeille.",
                  "The site {name} ({association}): remove it and erase it from the bin."},
    CatalogueText{"carried.site_bin", "Le site {name} ({association}), dans la corbeille : effacez-le, ou attendez la fin des 30 jours.",
                  "The site {name} ({association}), in the bin: erase it, or wait for the end of the 30 days."},
    CatalogueText{"association_exists", "Une association porte déjà ce nom court.", "There is an association with this short name already."},
    CatalogueText{"association_binned", "Une association de ce nom court est à la corbeille. Remettez-la, ou effacez-la pour de bon.",
                  "An association with this short name is in the bin. Restore it, or erase it for good."},
    CatalogueText{"association_going", "Une association de ce nom court finit d'être effacée. Réessayez plus tard, ou prenez un autre nom court.",
                  "An association with this short name is still being erased. Try again later, or take another short name."},
    CatalogueText{"association_not_in_bin", "Cette association n'est pas à la corbeille.", "This association is not in the bin."},
    CatalogueText{"association_pending", "L'association est à la corbeille et ses membres n'y ont plus accès, mais ces services ne répondent pas encore : "
                                         "{services}. La maison réessaie toute seule ; d'ici là, ils peuvent montrer ce qu'ils montraient.",
                  "The association is in the bin and its members have no access to it any more, but these services do not answer yet: "
                  "{services}. The house tries again by itself; until then they may show what they showed."},
    CatalogueText{"association_back_pending", "Ces services ne répondent pas encore : {services}. Ce qu'ils gardent revient dès qu'ils répondent.",
                  "These services do not answer yet: {services}. What they keep comes back as soon as they answer."},
    CatalogueText{"association_erase_pending", "L'association est effacée, mais ces services n'ont pas encore tout effacé : {services}. La maison "
                                               "réessaie toute seule. D'ici là, son nom court reste pris.",
                  "The association is erased, but these services have not erased everything yet: {services}. The house tries again by "
                  "itself. Until then its short name stays taken."},
    CatalogueText{"service.mail", "Courrier", "Mail"},
    CatalogueText{"service.sites", "Sites", "Sites"},
    CatalogueText{"service.pads", "Écrire", "Write"},
    CatalogueText{"domain_binned", "{domain} est à une association qui est à la corbeille : {association}. Remettez-la, ou effacez-la pour de bon. "
                                   "Rien n'a été changé.",
                  "{domain} belongs to an association that is in the bin: {association}. Restore it, or erase it for good. Nothing was changed."},
    CatalogueText{"group_exists", "Un groupe porte déjà ce nom court.", "There is a group with this short name already."},
    CatalogueText{"group_address_taken", "Cette adresse est déjà celle d'un groupe. Choisissez-en une autre. Rien n'a été changé.", "This address is a group's already. Choose another one. Nothing was changed."},
    CatalogueText{"not_a_member", "« {login} » n'est pas membre de l'association.", "\"{login}\" is not a member of the association."},
    CatalogueText{"not_in_bin", "Cette personne n'est pas dans la corbeille de l'association.", "This person is not in the association's bin."},
    CatalogueText{"login_again", "L'identifiant « {login} » est maintenant celui de quelqu'un d'autre. Remettez cette personne sous un autre, "
                                 "par exemple « {free} ». Rien n'a été changé.",
                  "The login \"{login}\" is somebody else's by now. Restore this person under another one, \"{free}\", say. Nothing was changed."},
    CatalogueText{"password_changed", "Le mot de passe de cette personne a changé depuis. Demandez à l'administrateur de la maison de la remettre. "
                                      "Rien n'a été changé.",
                  "This person's password has changed since. Ask the admin of the house to restore them. Nothing was changed."},
    CatalogueText{"groups_lost", "Ces groupes n'existent plus : {groups}.", "These groups are no more: {groups}."},
    CatalogueText{"boxes_stay", "Ces adresses ne sont plus libres : {addresses}. Leurs messages restent à la corbeille des boîtes (page Courrier).",
                  "These addresses are not free any more: {addresses}. Their messages stay in the bin of mailboxes (page Mail)."},
    CatalogueText{"links_lost", "Ces liens vers la boîte n'ont pas pu revenir : {addresses}. Vérifiez où vont leurs messages.",
                  "These links to the mailbox could not come back: {addresses}. Look where their messages go."},
    CatalogueText{"app_passwords_gone", "{name} devra refaire ses mots de passe d'application.", "{name} has to make new app passwords."},
    CatalogueText{"erase_pending", "La personne est effacée de la maison, mais ses messages sont encore sur le disque. La maison réessaie toute "
                                   "seule. Prévenez l'administrateur si cela dure.",
                  "The person is erased from the house, but their messages are still on the disk. The house tries again by itself. "
                  "Tell the admin if it lasts."},
    CatalogueText{"last_manager", "L'association doit garder au moins un responsable. Nommez-en un autre d'abord.",
                  "The association must keep at least one manager. Name another one first."},
    CatalogueText{"last_admin", "La maison doit garder au moins un administrateur. Nommez-en un autre d'abord.",
                  "The house must keep at least one admin. Name another one first."},
    CatalogueText{"account_elsewhere", "Ce compte sert aussi ailleurs dans la maison. Demandez à l'administrateur de la maison.",
                  "This account is used elsewhere in the house too. Ask the admin of the house."},
    CatalogueText{"ceiling", "Il y en a déjà {max} : c'est le maximum. Rien n'a été ajouté.",
                  "There are {max} already: that is the limit. Nothing was added."},
    CatalogueText{"invitation_gone", "Cette invitation n'existe pas, a déjà servi ou n'est plus valable. Demandez-en une "
                                     "nouvelle à un responsable de l'association.",
                  "This invitation does not exist, was used or has expired. Ask a manager of the association for a new one."},
    CatalogueText{"wrong_recovery", "L'identifiant ou le code de secours n'est pas le bon, ou le code a déjà servi.",
                  "The login or the recovery code is not right, or the code was used."},
    CatalogueText{"wrong_current", "Le mot de passe actuel n'est pas le bon. Rien n'a été changé.",
                  "The present password is not right. Nothing was changed."},
    CatalogueText{"password_needed", "Redonnez votre mot de passe pour continuer. Rien n'a été changé.",
                  "Give your password again to go on. Nothing was changed."},
    CatalogueText{"setup_done", "La maison est déjà installée. Connectez-vous.", "The house is set up already. Sign in."},
    CatalogueText{"setup_token", "Ce lien d'installation n'est pas le bon. Prenez celui que le serveur a affiché.",
                  "This set-up link is not the right one. Take the one that the server printed."},
    CatalogueText{"mail_pending", "C'est fait, mais le courrier ne répond pas : il prendra le changement dès que possible. "
                                  "Prévenez l'administrateur si cela dure.",
                  "It is done, but mail does not answer: it will take the change as soon as it can. Tell the admin if it lasts."},
    CatalogueText{"mail_off", "Le courrier n'est pas disponible pour le moment. Rien n'a été changé. Réessayez plus tard.",
                  "Mail is not available for now. Nothing was changed. Try again later."},
    CatalogueText{"full", "Le disque du serveur est plein ou ne répond pas. Rien n'a été changé. Prévenez l'administrateur.",
                  "The server's disk is full or does not answer. Nothing was changed. Tell the admin."},
    CatalogueText{"bad_hash", "Un texte de 200 caractères au plus, ou null.", "A text of at most 200 characters, or null."},
    CatalogueText{"admin_role", "Seul un administrateur de la maison peut donner ou retirer ce rôle.",
                  "Only an admin of the house may give or take this role."},
    // Health, for admins.
    CatalogueText{"health_no_admin", "La maison n'a pas encore d'administrateur. Ouvrez le lien de première visite que le serveur a écrit.",
                  "The house has no admin yet. Open the set-up link that the server printed."},
    CatalogueText{"health_mail_behind", "Des changements attendent le courrier. Regardez s'il tourne : hameau status, hameau logs mail.",
                  "Changes wait for mail. Look whether it runs: hameau status, hameau logs mail."},
    CatalogueText{"health_refused", "Ces adresses étaient déjà à quelqu'un d'autre et ont été retirées : {addresses}. Donnez-en d'autres.",
                  "These addresses were somebody else's already and were taken away: {addresses}. Give others."},
    CatalogueText{"health_certificate_none", "{host} n'a pas encore de certificat reconnu, et les navigateurs mettent en garde : {reason} À regarder en tout : {count}.",
                  "{host} has no recognised certificate yet, and browsers warn: {reason} To look at in all: {count}."},
    CatalogueText{"health_certificate_ends", "Le certificat de {host} n'a pas pu être renouvelé. Jours qui lui restent : {days}. La raison : {reason} À regarder en tout : {count}.",
                  "The certificate of {host} could not be renewed. Days left to it: {days}. The reason: {reason} To look at in all: {count}."},
    CatalogueText{"health_certificate_over", "Le certificat de {host} n'est plus valable, et les navigateurs mettent en garde. La raison : {reason} À regarder en tout : {count}.",
                  "The certificate of {host} is not valid any more, and browsers warn. The reason: {reason} To look at in all: {count}."},
    CatalogueText{"health_room", "Presque toute la place est prise : {associations}. Donnez-en plus, ou demandez de vider les corbeilles.",
                  "Almost all the room is taken: {associations}. Give more, or ask them to empty their bins."},
    CatalogueText{"health_database", "La base de données ne répond pas comme il faut : {error}. Regardez : hameau logs people.",
                  "The database does not answer as it should: {error}. Look: hameau logs people."},
};

} // namespace

const Catalogue people_catalogue = texts;

} // namespace hameau::people
