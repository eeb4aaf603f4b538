// Posts the one form of the page that leads to an identity provider. Without it the button does.
document.querySelector("form[data-submit-now]").submit();
